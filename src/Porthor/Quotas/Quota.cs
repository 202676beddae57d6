namespace Porthor.Quotas;

/// <summary>
/// Represents the limits of a user (contract/userinfo.md 6). An empty quota means that the user has no limits, for example because of a
/// bypass group. It is not the same as a missing quota (null).
/// </summary>
public sealed record Quota
{
    /// <summary>The quota without limits.</summary>
    public static readonly Quota Empty = new();

    /// <summary>Returns the numbers of requests per minute, by service.</summary>
    public IReadOnlyDictionary<string, long> Api { get; init; } = new Dictionary<string, long>();

    /// <summary>Returns the numbers of bytes, by mount point.</summary>
    public IReadOnlyDictionary<string, long> Disk { get; init; } = new Dictionary<string, long>();

    /// <summary>Returns the limits for notebooks; null if there are none.</summary>
    public NotebookQuota? Notebook { get; init; }

    /// <summary>Returns the limits for TAP services, by service.</summary>
    public IReadOnlyDictionary<string, TapQuota> Tap { get; init; } = new Dictionary<string, TapQuota>();

    /// <summary>Returns true if the quota has no limits.</summary>
    public bool IsEmpty => Api.Count == 0 && Disk.Count == 0 && Notebook is null && Tap.Count == 0;

    /// <summary>Returns the sum of two quotas: numbers are added, and a notebook may be started only if both quotas allow it.</summary>
    public Quota Plus(Quota other) => new()
    {
        Api = Merged(Api, other.Api, Sum),
        Disk = Merged(Disk, other.Disk, Sum),
        Notebook = Notebook is null || other.Notebook is null
            ? Notebook ?? other.Notebook
            : new NotebookQuota(
                Sum(Notebook.Cpu, other.Notebook.Cpu), Sum(Notebook.Memory, other.Notebook.Memory), Notebook.Spawn && other.Notebook.Spawn),
        Tap = Merged(Tap, other.Tap, (a, b) => new TapQuota(Sum(a.Concurrent, b.Concurrent))),
    };

    /// <summary>
    /// Returns this quota with the values of an override instead of its own. Values are replaced for each key separately, except those for
    /// TAP, which are replaced together if the override has any.
    /// </summary>
    public Quota ReplacedBy(Quota other) => new()
    {
        Api = Merged(Api, other.Api, (_, b) => b),
        Disk = Merged(Disk, other.Disk, (_, b) => b),
        Notebook = other.Notebook ?? Notebook,
        Tap = other.Tap.Count > 0 ? other.Tap : Tap,
    };

    /// <summary>
    /// Returns the sum, or the largest or smallest number if the sum overflows, so that the sum of large quotas does not become negative.
    /// </summary>
    private static long Sum(long left, long right)
    {
        var sum = unchecked(left + right);
        var overflowed = ((left ^ sum) & (right ^ sum)) < 0;
        return overflowed ? (left < 0 ? long.MinValue : long.MaxValue) : sum;
    }

    /// <summary>Returns the sum, limited to finite numbers, because JSON cannot represent infinity.</summary>
    private static double Sum(double left, double right) => Math.Clamp(left + right, double.MinValue, double.MaxValue);

    private static Dictionary<string, T> Merged<T>(
        IReadOnlyDictionary<string, T> left, IReadOnlyDictionary<string, T> right, Func<T, T, T> both)
    {
        var merged = new Dictionary<string, T>(left);
        foreach (var (name, value) in right)
            merged[name] = merged.TryGetValue(name, out var existing) ? both(existing, value) : value;
        return merged;
    }
}

/// <summary>Represents the limits of a user's notebooks.</summary>
/// <param name="Cpu">The number of CPUs.</param>
/// <param name="Memory">The memory in GiB.</param>
/// <param name="Spawn">True if the user may start notebooks.</param>
public sealed record NotebookQuota(double Cpu, double Memory, bool Spawn = true);

/// <summary>Represents the limits of a user for a TAP service.</summary>
/// <param name="Concurrent">The number of concurrent queries.</param>
public sealed record TapQuota(long Concurrent);
