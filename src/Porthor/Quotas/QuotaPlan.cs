namespace Porthor.Quotas;

/// <summary>
/// The quotas of a deployment: a default, what groups add to it, and the groups that nothing bounds. The configuration is
/// one, and the overrides that administrators set at run time are another (contract/userinfo.md 6).
/// </summary>
public sealed record QuotaPlan
{
    public Quota Default { get; init; } = Quota.Empty;

    public IReadOnlyDictionary<string, Quota> Groups { get; init; } = new Dictionary<string, Quota>();

    public IReadOnlyList<string> Bypass { get; init; } = [];

    /// <summary>The quota of a member of these groups; null if the plan says nothing about them.</summary>
    public Quota? QuotaFor(IReadOnlyCollection<string> groups)
    {
        if (Bypasses(groups))
            return Quota.Empty;
        var quota = groups.Distinct(StringComparer.Ordinal)
            .Where(Groups.ContainsKey)
            .Aggregate(Default, (sum, group) => sum.Plus(Groups[group]));
        return quota.IsEmpty ? null : quota;
    }

    public bool Bypasses(IReadOnlyCollection<string> groups) => Bypass.Any(groups.Contains);

    /// <summary>What remains of a plan's quota when overrides are applied to it.</summary>
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
