namespace Porthor.Users;

/// <summary>Represents the settings of the directory cache.</summary>
/// <param name="Grace">
/// The time for which cached values are used after the end of their lifetime while the directory is unavailable.
/// </param>
public sealed record DirectoryCacheOptions(TimeSpan Grace)
{
    /// <summary>The default settings, with a grace period of one hour.</summary>
    public static readonly DirectoryCacheOptions Default = new(TimeSpan.FromHours(1));
}

/// <summary>Represents a cached value and the end of its validity, as a timestamp of the clock.</summary>
internal readonly record struct CachedValue<T>(T Value, long Until);

/// <summary>
/// Caches the entries of the directory (contract/userinfo.md 3). The name of the primary group is cached separately from the other
/// groups, because it depends on the GID.
/// </summary>
internal sealed class CachedUserDirectory
{
    private readonly IUserDirectory directory;
    private readonly StaleTolerantCache<string, DirectoryUser> users;
    private readonly StaleTolerantCache<string, IReadOnlyList<DirectoryGroup>> groups;
    private readonly StaleTolerantCache<long, string?> primaryGroups;
    private int removals;

    public CachedUserDirectory(IUserDirectory directory, DirectoryCacheOptions options, TimeProvider clock)
    {
        this.directory = directory;
        var circuitBreaker = new DirectoryCircuitBreaker(clock);
        users = new(options.Grace, circuitBreaker, clock);
        groups = new(options.Grace, circuitBreaker, clock);
        primaryGroups = new(options.Grace, circuitBreaker, clock);
    }

    public bool ProvidesEmail => directory.ProvidesEmail;

    public bool ProvidesGid => directory.ProvidesGid;

    /// <summary>
    /// Returns a number that changes whenever a value is removed from the cache. Results that were computed before the removal must not be
    /// used after it.
    /// </summary>
    public int Removals => Volatile.Read(ref removals);

    public ValueTask<CachedValue<DirectoryUser>?> GetUserAsync(
        string username, FreshnessRequirement requirement, CancellationToken cancellationToken) =>
        users.GetAsync(username, () => directory.GetUserAsync(username, CancellationToken.None), requirement, cancellationToken);

    public ValueTask<CachedValue<IReadOnlyList<DirectoryGroup>>?> GetGroupsAsync(
        string username, FreshnessRequirement requirement, CancellationToken cancellationToken) =>
        groups.GetAsync(username, () => directory.GetGroupsAsync(username, CancellationToken.None), requirement, cancellationToken);

    public ValueTask<CachedValue<string?>?> GetGroupNameAsync(
        long gid, string username, FreshnessRequirement requirement, CancellationToken cancellationToken) =>
        primaryGroups.GetAsync(
            gid, () => directory.GetGroupNameAsync(gid, username, CancellationToken.None), requirement, cancellationToken);

    /// <summary>Removes a user and their primary group from the cache.</summary>
    public void Remove(string username)
    {
        if (users.TryGetCached(username)?.Gid is { } gid)
            primaryGroups.Remove(gid);
        users.Remove(username);
        groups.Remove(username);
        Interlocked.Increment(ref removals);
    }
}
