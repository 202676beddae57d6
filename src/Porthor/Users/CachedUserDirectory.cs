namespace Porthor.Users;

/// <param name="Grace">
/// How long after its life what the directory said is still used while the directory is away.
/// </param>
public sealed record DirectoryCacheOptions(TimeSpan Grace)
{
    public static readonly DirectoryCacheOptions Usual = new(TimeSpan.FromHours(1));
}

/// <summary>What is known, and until when it need not be asked for again, by the clock's timestamps.</summary>
internal readonly record struct CachedValue<T>(T Value, long Until);

/// <summary>
/// Remembers what the directory said (contract/userinfo.md 3). Groups are remembered apart from the primary group, which is
/// another's for another gid.
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

    /// <summary>Changes whenever something was forgotten: what followed from it must not be used any more.</summary>
    public int Forgotten => Volatile.Read(ref forgotten);

    public ValueTask<CachedValue<DirectoryUser>?> GetUserAsync(string username, FreshnessRequirement need, CancellationToken cancellationToken) =>
        users.GetAsync(username, () => directory.GetUserAsync(username, CancellationToken.None), need, cancellationToken);

    public ValueTask<CachedValue<IReadOnlyList<DirectoryGroup>>?> GetGroupsAsync(string username, FreshnessRequirement need, CancellationToken cancellationToken) =>
        groups.GetAsync(username, () => directory.GetGroupsAsync(username, CancellationToken.None), need, cancellationToken);

    public ValueTask<CachedValue<string?>?> GetGroupNameAsync(long gid, string username, FreshnessRequirement need, CancellationToken cancellationToken) =>
        primaryGroups.GetAsync(gid, () => directory.GetGroupNameAsync(gid, username, CancellationToken.None), need, cancellationToken);

    /// <summary>Forgets a user, and their primary group.</summary>
    public void Forget(string username)
    {
        if (users.TryGetCached(username)?.Gid is { } gid)
            primaryGroups.Forget(gid);
        users.Forget(username);
        groups.Forget(username);
        Interlocked.Increment(ref forgotten);
    }
}
