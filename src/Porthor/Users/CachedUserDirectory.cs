namespace Porthor.Users;

/// <summary>Represents the settings of the directory cache.</summary>
/// <param name="Grace">The time after their lifetime for which cached values are used while the directory is unavailable.</param>
public sealed record DirectoryCacheOptions(TimeSpan Grace)
{
    /// <summary>The default settings, with a grace period of one hour.</summary>
    public static readonly DirectoryCacheOptions Usual = new(TimeSpan.FromHours(1));
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
    private int forgotten;

    public CachedUserDirectory(IUserDirectory directory, DirectoryCacheOptions options, TimeProvider clock)
    {
        this.directory = directory;
        var outage = new DirectoryCircuitBreaker(clock);
        users = new(options.Grace, outage, clock);
        groups = new(options.Grace, outage, clock);
        primaryGroups = new(options.Grace, outage, clock);
    }

    public bool TellsEmail => directory.TellsEmail;

    public bool TellsGid => directory.TellsGid;

    /// <summary>
    /// Returns a number that changes whenever a value is removed from the cache. Results that were computed before must not be used
    /// afterwards.
    /// </summary>
    public int Forgotten => Volatile.Read(ref forgotten);

    public ValueTask<CachedValue<DirectoryUser>?> GetUserAsync(
        string username, FreshnessRequirement need, CancellationToken cancellationToken) =>
        users.GetAsync(username, () => directory.GetUserAsync(username, CancellationToken.None), need, cancellationToken);

    public ValueTask<CachedValue<IReadOnlyList<DirectoryGroup>>?> GetGroupsAsync(
        string username, FreshnessRequirement need, CancellationToken cancellationToken) =>
        groups.GetAsync(username, () => directory.GetGroupsAsync(username, CancellationToken.None), need, cancellationToken);

    public ValueTask<CachedValue<string?>?> GetGroupNameAsync(
        long gid, string username, FreshnessRequirement need, CancellationToken cancellationToken) =>
        primaryGroups.GetAsync(gid, () => directory.GetGroupNameAsync(gid, username, CancellationToken.None), need, cancellationToken);

    /// <summary>Removes a user and their primary group from the cache.</summary>
    public void Forget(string username)
    {
        if (users.TryGetCached(username)?.Gid is { } gid)
            primaryGroups.Forget(gid);
        users.Forget(username);
        groups.Forget(username);
        Interlocked.Increment(ref forgotten);
    }
}
