using System.Text;
using CsCheck;
using Porthor.Quotas;

namespace Porthor.Tests.Quotas;

/// <summary>The stored JSON form of quota plans (contract/storage.md 3.4).</summary>
public sealed class QuotaJsonTests
{
    private const string Full =
        """
        {"default":{"api":{"NAME":5},"disk":{"/home":1073741824},"notebook":null,"tap":{"qserv":{"concurrent":10}}},
        "groups":{"foo":{"api":{},"disk":{},"notebook":{"cpu":1.0,"memory":0.5,"spawn":false},"tap":{}}},"bypass":["admin","名字"]}
        """;

    [Fact]
    public void A_plan_is_written_with_all_fields_in_compact_JSON()
    {
        var plan = new QuotaPlan
        {
            Default = new Quota
            {
                Api = new Dictionary<string, long> { ["NAME"] = 5 },
                Disk = new Dictionary<string, long> { ["/home"] = 1L << 30 },
                Tap = new Dictionary<string, TapQuota> { ["qserv"] = new(10) },
            },
            Groups = new Dictionary<string, Quota> { ["foo"] = new() { Notebook = new NotebookQuota(1, 0.5, Spawn: false) } },
            Bypass = ["admin", "名字"],
        };
        Write(plan).ShouldBe(Full.ReplaceLineEndings(""));
        Write(new QuotaPlan()).ShouldBe("""{"default":{"api":{},"disk":{},"notebook":null,"tap":{}},"groups":{},"bypass":[]}""");
    }

    [Fact]
    public void A_plan_is_read_as_it_was_written() => Write(Read(Full)).ShouldBe(Full.ReplaceLineEndings(""));

    [Theory]
    [InlineData(0, "0.0")]
    [InlineData(8, "8.0")]
    [InlineData(-1, "-1.0")]
    [InlineData(0.1, "0.1")]
    [InlineData(2.675, "2.675")]
    [InlineData(1e100, "1E+100")]
    public void CPU_and_memory_are_written_with_a_decimal_point(double cpu, string text) =>
        Write(new QuotaPlan { Default = new Quota { Notebook = new NotebookQuota(cpu, 4) } })
            .ShouldContain($"\"cpu\":{text},\"memory\":4.0,");

    [Fact]
    public void Every_number_is_read_as_it_was_written() => Gen.Double.Where(double.IsFinite).Sample(number =>
    {
        var plan = new QuotaPlan { Default = new Quota { Notebook = new NotebookQuota(number, 1) } };
        return Read(Write(plan)).Default.Notebook!.Cpu.Equals(number);
    });

    /// <summary>The reference writes all fields; people who write a plan by hand omit some.</summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"default":{}}""")]
    [InlineData("""{"bypass":[],"groups":{},"default":{"tap":{},"notebook":null,"disk":{},"api":{}}}""")]
    public void Every_field_is_optional(string json) =>
        Write(Read(json)).ShouldBe("""{"default":{"api":{},"disk":{},"notebook":null,"tap":{}},"groups":{},"bypass":[]}""");

    [Fact]
    public void Spawn_is_true_by_default() =>
        Read("""{"default":{"notebook":{"memory":4,"cpu":8}}}""").Default.Notebook.ShouldBe(new NotebookQuota(8, 4, Spawn: true));

    /// <summary>An unknown field is an error, because a limit in it would never be applied.</summary>
    [Theory]
    [InlineData("", "not a quota plan")]
    [InlineData("garbage", "not a quota plan")]
    [InlineData("[]", "not a quota plan")]
    [InlineData("null", "not a quota plan")]
    [InlineData("""{"defaults":{}}""", "unknown field defaults")]
    [InlineData("""{"default":{"apis":{}}}""", "unknown field apis")]
    [InlineData("""{"groups":{"foo":{"bar":1}}}""", "unknown field bar")]
    [InlineData("""{"default":{"notebook":{"cpu":1,"memory":1,"gpu":1}}}""", "unknown field gpu")]
    [InlineData("""{"default":{"tap":{"qserv":{"concurrent":1,"sync":1}}}}""", "unknown field sync")]
    [InlineData("""{"default":{"notebook":{"cpu":1}}}""", "notebook lacks cpu or memory")]
    [InlineData("""{"default":{"notebook":{"memory":1,"spawn":true}}}""", "notebook lacks cpu or memory")]
    [InlineData("""{"default":{"notebook":{"cpu":1e999,"memory":1}}}""", "cpu is too large")]
    [InlineData("""{"default":{"tap":{"qserv":{}}}}""", "tap lacks concurrent")]
    [InlineData("""{"default":{"api":{"a":"one"}}}""", "not a quota plan")]
    [InlineData("""{"default":{"api":[]}}""", "not a quota plan")]
    [InlineData("""{"default":{"notebook":{"cpu":1,"memory":1,"spawn":"no"}}}""", "not a quota plan")]
    [InlineData("""{"bypass":"admin"}""", "not a quota plan")]
    [InlineData("""{"bypass":[1]}""", "not a quota plan")]
    [InlineData("""{"groups":{"\ud800":{}}}""", "not a quota plan")]
    public void An_invalid_plan_is_rejected(string json, string reason) =>
        Should.Throw<FormatException>(() => Read(json)).Message.ShouldBe(reason);

    [Theory]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public void A_limit_is_a_64_bit_integer(string number)
    {
        Should.Throw<FormatException>(() => Read("{\"default\":{\"api\":{\"a\":" + number + "}}}"));
        Should.Throw<FormatException>(() => Read("{\"default\":{\"tap\":{\"a\":{\"concurrent\":" + number + "}}}}"));
    }

    private static QuotaPlan Read(string json) => QuotaJson.Read(Encoding.UTF8.GetBytes(json));

    private static string Write(QuotaPlan plan) => Encoding.UTF8.GetString(QuotaJson.Write(plan));
}
