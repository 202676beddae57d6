namespace Porthor.Quotas;

/// <summary>
/// What a user may use (contract/userinfo.md 6). An empty quota bounds nothing; that is not the same as no quota, which
/// overrides may still fill.
/// </summary>
public sealed record Quota
{
    public static readonly Quota Empty = new();

    /// <summary>Requests per minute, by service.</summary>
    public IReadOnlyDictionary<string, long> Api { get; init; } = new Dictionary<string, long>();

    /// <summary>Bytes, by mount point.</summary>
    public IReadOnlyDictionary<string, long> Disk { get; init; } = new Dictionary<string, long>();

    public NotebookQuota? Notebook { get; init; }

    public IReadOnlyDictionary<string, TapQuota> Tap { get; init; } = new Dictionary<string, TapQuota>();

    public bool IsEmpty => Api.Count == 0 && Disk.Count == 0 && Notebook is null && Tap.Count == 0;

    /// <summary>The sum of two quotas: numbers are added, and a notebook may be spawned only if both allow it.</summary>
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
    /// This quota with an override's values in place of its own: key by key, but TAP as a whole if the override says
    /// anything about it.
    /// </summary>
    public Quota ReplacedBy(Quota other) => new()
    {
        Api = Merged(Api, other.Api, (_, b) => b),
        Disk = Merged(Disk, other.Disk, (_, b) => b),
        Notebook = other.Notebook ?? Notebook,
        Tap = other.Tap.Count > 0 ? other.Tap : Tap,
    };

    /// <summary>The sum, or the largest number where that is larger: a generous quota must not turn into a refusal.</summary>
    private static long Sum(long left, long right)
    {
        var sum = unchecked(left + right);
        var overflowed = ((left ^ sum) & (right ^ sum)) < 0;
        return overflowed ? (left < 0 ? long.MinValue : long.MaxValue) : sum;
    }

    /// <summary>As for whole numbers. JSON has no infinity, and what is stored or shown must be JSON.</summary>
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

/// <param name="Cpu">CPU equivalents.</param>
/// <param name="Memory">GiB.</param>
/// <param name="Spawn">Whether a notebook may be started at all.</param>
public sealed record NotebookQuota(double Cpu, double Memory, bool Spawn = true);

/// <param name="Concurrent">Queries at the same time.</param>
public sealed record TapQuota(long Concurrent);
