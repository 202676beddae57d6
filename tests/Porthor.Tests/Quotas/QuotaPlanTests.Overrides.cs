using Porthor.Quotas;

namespace Porthor.Tests.Quotas;

public sealed partial class QuotaPlanTests
{
    /// <summary>The user's groups, the overrides, and the resulting quota.</summary>
    public static TheoryData<string, string?, string> Replacements => new()
    {
        // Without overrides for this user, the configured quota applies.
        { "foo", null, FooQuota },
        { "foo", "{}", FooQuota },
        { "foo", """{"groups":{"other":{"api":{"test":1}}},"bypass":["other"]}""", FooQuota },
        // API and disk quotas are replaced key by key. A value of 0 is valid.
        { "", """{"default":{"api":{"test":10}}}""", Defaults.Replace("\"test\":1", "\"test\":10") },
        { "", """{"default":{"api":{"test":0}}}""", Defaults.Replace("\"test\":1", "\"test\":0") },
        { "", """{"default":{"disk":{"/shared":1}}}""", Defaults.Replace("\"/home\":30", "\"/home\":30,\"/shared\":1") },
        // Notebook and TAP quotas are replaced completely.
        { "foo", """{"default":{"notebook":{"cpu":1,"memory":1,"spawn":false}}}""",
            FooQuota.Replace("\"cpu\":8.0,\"memory\":8.0,\"spawn\":true", "\"cpu\":1.0,\"memory\":1.0,\"spawn\":false") },
        { "foo", """{"default":{"tap":{"qserv":{"concurrent":1}}}}""",
            FooQuota.Replace("\"qserv\":{\"concurrent\":15},\"sso\":{\"concurrent\":5}", "\"qserv\":{\"concurrent\":1}") },
        // Overrides of the default and of groups are added before they replace configured values.
        { "foo", """{"default":{"api":{"test":10}},"groups":{"foo":{"api":{"test":5,"other":7}}}}""",
            FooQuota.Replace("\"test\":2,\"other\":2", "\"test\":15,\"other\":7") },
        // A bypass in the overrides removes all limits. For a user with a bypass in the configuration, overrides set the quota.
        { "foo", """{"bypass":["foo"],"default":{"api":{"test":10}}}""", NoQuota },
        { "admin", """{"default":{"api":{"test":10}}}""", """{"api":{"test":10},"disk":{},"tap":{}}""" },
        { "admin", "{}", NoQuota },
    };

    [Theory, MemberData(nameof(Replacements))]
    public void Overrides_replace_configured_quotas(string groups, string? overrides, string quota) =>
        Text(QuotaPlan.Effective(Plan, overrides is null ? null : Read(overrides), Split(groups))).ShouldBe(quota);

    [Theory]
    [InlineData(null, null)]
    [InlineData("{}", null)]
    [InlineData("""{"bypass":["foo"]}""", NoQuota)]
    [InlineData("""{"default":{"api":{"test":10}}}""", """{"api":{"test":10},"disk":{},"tap":{}}""")]
    public void Overrides_apply_without_configured_quotas(string? overrides, string? quota)
    {
        var plan = overrides is null ? null : Read(overrides);
        Text(QuotaPlan.Effective(plan: null, plan, ["foo"])).ShouldBe(quota);
        Text(QuotaPlan.Effective(new QuotaPlan(), plan, ["foo"])).ShouldBe(quota);
    }
}
