namespace Porthor.Quotas;

/// <summary>
/// Represents the quotas of a deployment: a default, additional quotas of groups, and groups without limits. The configuration contains one
/// plan, and the overrides that administrators set at run time are a second plan (contract/userinfo.md 6).
/// </summary>
public sealed record QuotaPlan
{
    /// <summary>Returns the quota of all users.</summary>
    public Quota Default { get; init; } = Quota.Empty;

    /// <summary>Returns the quotas that are added for the members of groups, by group name.</summary>
    public IReadOnlyDictionary<string, Quota> Groups { get; init; } = new Dictionary<string, Quota>();

    /// <summary>Returns the names of the groups whose members have no limits.</summary>
    public IReadOnlyList<string> Bypass { get; init; } = [];

    /// <summary>Returns the quota of a member of these groups; null if the plan contains no limit for them.</summary>
    public Quota? QuotaFor(IReadOnlyCollection<string> groups)
    {
        if (Bypasses(groups))
            return Quota.Empty;
        var quota = groups.Distinct(StringComparer.Ordinal)
            .Where(Groups.ContainsKey)
            .Aggregate(Default, (sum, group) => sum.Plus(Groups[group]));
        return quota.IsEmpty ? null : quota;
    }

    /// <summary>Returns true if a member of these groups has no limits.</summary>
    public bool Bypasses(IReadOnlyCollection<string> groups) => Bypass.Any(groups.Contains);

    /// <summary>
    /// Returns the quota of a member of these groups after the overrides are applied; null if neither plan contains a limit for them.
    /// </summary>
    public static Quota? Effective(QuotaPlan? plan, QuotaPlan? overrides, IReadOnlyCollection<string> groups)
    {
        var quota = plan?.QuotaFor(groups);
        if (overrides?.QuotaFor(groups) is not { } replacement)
            return quota;
        if (quota is null || overrides.Bypasses(groups))
            return replacement;
        return quota.ReplacedBy(replacement);
    }
}
