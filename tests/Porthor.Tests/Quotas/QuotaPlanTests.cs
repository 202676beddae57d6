using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Porthor.Quotas;

namespace Porthor.Tests.Quotas;

/// <summary>The calculation of quotas (contract/userinfo.md 6): QUO-001 to QUO-006, QUO-009, RAT-005 without a server.</summary>
public sealed partial class QuotaPlanTests
{
    /// <summary>The quota plan of the QUO scenarios.</summary>
    private static readonly QuotaPlan Plan = Read(
        """
        {"default":{"api":{"datalinker":1000,"test":1,"other":2},"disk":{"/home":30},
                    "notebook":{"cpu":8,"memory":4},"tap":{"qserv":{"concurrent":10}}},
         "groups":{
           "foo":{"api":{"test":1},"disk":{"/home":10},"notebook":{"cpu":0,"memory":4},
                  "tap":{"qserv":{"concurrent":5},"sso":{"concurrent":5}}},
           "blocked":{"notebook":{"cpu":0,"memory":0,"spawn":false}}},
         "bypass":["admin"]}
        """);

    private const string Defaults =
        """{"api":{"datalinker":1000,"test":1,"other":2},"disk":{"/home":30},""" +
        "\"notebook\":{\"cpu\":8.0,\"memory\":4.0,\"spawn\":true},\"tap\":{\"qserv\":{\"concurrent\":10}}}";

    private const string FooQuota =
        """{"api":{"datalinker":1000,"test":2,"other":2},"disk":{"/home":40},""" +
        "\"notebook\":{\"cpu\":8.0,\"memory\":8.0,\"spawn\":true},\"tap\":{\"qserv\":{\"concurrent\":15},\"sso\":{\"concurrent\":5}}}";

    private const string NoQuota = """{"api":{},"disk":{},"tap":{}}""";

    [Theory]
    [InlineData("", Defaults)]
    [InlineData("bar", Defaults)]
    [InlineData("Foo", Defaults)]
    [InlineData("foo", FooQuota)]
    [InlineData("foo,bar,foo", FooQuota)] // a group listed twice counts once
    [InlineData("foo,admin", NoQuota)]
    [InlineData("admin", NoQuota)]
    public void Groups_add_to_the_default(string groups, string quota) => Text(Plan.QuotaFor(Split(groups))).ShouldBe(quota);

    /// <summary>One group without permission to spawn notebooks is sufficient to deny it.</summary>
    [Theory]
    [InlineData("blocked")]
    [InlineData("blocked,foo")]
    [InlineData("foo,blocked")]
    public void A_notebook_can_be_spawned_only_if_the_default_and_all_groups_allow_it(string groups) =>
        Plan.QuotaFor(Split(groups))!.Notebook.ShouldBe(new NotebookQuota(8, groups.Contains("foo") ? 8 : 4, Spawn: false));

    [Fact]
    public void Groups_add_entries_that_the_default_does_not_have()
    {
        var plan = Read(
            """{"groups":{"foo":{"api":{"a":3},"disk":{"/b":4},"notebook":{"cpu":0.5,"memory":2,"spawn":false}"""
                + ""","tap":{"c":{"concurrent":5}}}}}""");
        Text(plan.QuotaFor(["foo"])).ShouldBe(
            """{"api":{"a":3},"disk":{"/b":4},"notebook":{"cpu":0.5,"memory":2.0,"spawn":false},"tap":{"c":{"concurrent":5}}}""");
        plan.QuotaFor(["bar"]).ShouldBeNull();
    }

    [Theory]
    [InlineData("{}", "foo", null)]
    [InlineData("""{"default":{"api":{},"disk":{},"notebook":null,"tap":{}},"groups":{"foo":{}}}""", "foo", null)]
    [InlineData("""{"bypass":["foo"]}""", "foo", NoQuota)]
    [InlineData("""{"bypass":["foo"]}""", "bar", null)]
    [InlineData("""{"default":{"api":{"a":0}}}""", "", """{"api":{"a":0},"disk":{},"tap":{}}""")]
    public void No_quota_differs_from_an_empty_quota(string plan, string groups, string? quota) =>
        Text(Read(plan).QuotaFor(Split(groups))).ShouldBe(quota);

    /// <summary>
    /// A sum that overflows becomes the largest number: not a negative number, which would deny all requests, and not infinity, which JSON
    /// cannot represent.
    /// </summary>
    [Fact]
    public void A_sum_that_overflows_is_the_largest_number()
    {
        var largest = new Quota
        {
            Api = new Dictionary<string, long> { ["a"] = long.MaxValue, ["b"] = long.MinValue },
            Disk = new Dictionary<string, long> { ["/"] = long.MaxValue },
            Notebook = new NotebookQuota(double.MaxValue, double.MinValue),
            Tap = new Dictionary<string, TapQuota> { ["c"] = new(long.MaxValue) },
        };
        var sum = largest.Plus(largest);
        (sum.Api["a"], sum.Api["b"], sum.Disk["/"], sum.Tap["c"].Concurrent).ShouldBe(
            (long.MaxValue, long.MinValue, long.MaxValue, long.MaxValue));
        sum.Notebook.ShouldBe(new NotebookQuota(double.MaxValue, double.MinValue));
        QuotaJson.Read(QuotaJson.Write(new QuotaPlan { Default = sum })).Default.Notebook.ShouldBe(sum.Notebook);
    }

    [Fact]
    public void The_order_of_groups_does_not_matter_and_operands_are_not_modified()
    {
        var number = Gen.Long[-1000, 1000];
        var numbers = Gen.Dictionary(Gen.Char['a', 'c'].Select(c => $"{c}"), number)[0, 3];
        var notebook = Gen.Select(
            Gen.Int[0, 50], Gen.Int[0, 50], Gen.Bool, (cpu, memory, spawn) => new NotebookQuota(cpu / 2.0, memory, spawn));
        var tap = Gen.Dictionary(Gen.Char['a', 'c'].Select(c => $"{c}"), number.Select(n => new TapQuota(n)))[0, 3];
        var quota = Gen.Select(numbers, numbers, notebook.Null(), tap, (api, disk, notebooks, taps) =>
            new Quota { Api = api, Disk = disk, Notebook = notebooks, Tap = taps });
        Gen.Select(quota, quota).Sample((left, right) =>
        {
            var (before, other) = (Sorted(left), Sorted(right));
            Sorted(left.Plus(right)).ShouldBe(Sorted(right.Plus(left)));
            Sorted(left.Plus(Quota.Empty)).ShouldBe(before);
            Sorted(left.ReplacedBy(Quota.Empty)).ShouldBe(before);
            Sorted(Quota.Empty.ReplacedBy(left)).ShouldBe(before);
            (Sorted(left), Sorted(right)).ShouldBe((before, other));
        });
    }

    private static QuotaPlan Read(string json) => QuotaJson.Read(Encoding.UTF8.GetBytes(json));

    private static string[] Split(string groups) => groups.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string Sorted(Quota quota) => Text(quota with
    {
        Api = new SortedDictionary<string, long>(new Dictionary<string, long>(quota.Api)),
        Disk = new SortedDictionary<string, long>(new Dictionary<string, long>(quota.Disk)),
        Tap = new SortedDictionary<string, TapQuota>(new Dictionary<string, TapQuota>(quota.Tap)),
    })!;

    private static string? Text(Quota? quota)
    {
        if (quota is null)
            return null;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            QuotaJson.Write(writer, quota, QuotaFields.WithoutNulls);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
