using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;
using Porthor.Concurrency;
using Porthor.Identity;
using Porthor.Storage;

namespace Porthor.Users;

/// <summary>
/// Assigns IDs to users and groups in deployments whose directory contains no IDs. It replaces the Firestore database of the reference
/// (docs/decisions/0011-numeric-ids.md).
/// </summary>
public sealed partial class NumericIds(IIdStore store, ILogger<NumericIds> logger)
{
    private const int CachedNames = 10_000;

    // IDs never change, so the caches need no expiration.
    private readonly ConcurrentLru<string, long> uids = new(CachedNames);
    private readonly ConcurrentLru<string, long> gids = new(CachedNames);
    private readonly SingleFlight<(IdKind, string), long> assignments = new();

    /// <summary>Returns the UID of a user. Assigns one if the user has none.</summary>
    /// <exception cref="UserDirectoryException">The range of UIDs is exhausted.</exception>
    public ValueTask<long> GetUidAsync(string username, CancellationToken cancellationToken) =>
        GetAsync(IdKind.User, username, IdRange.OfUser(username), cancellationToken);

    /// <summary>Returns the GID of a group. Assigns one if the group has none.</summary>
    /// <exception cref="UserDirectoryException">The range of GIDs is exhausted.</exception>
    public ValueTask<long> GetGidAsync(string group, CancellationToken cancellationToken) =>
        GetAsync(IdKind.Group, group, IdRange.Groups, cancellationToken);

    /// <summary>Returns the UID of a user; null if the user has none.</summary>
    public async ValueTask<long?> FindUidAsync(string username, CancellationToken cancellationToken)
    {
        if (uids.TryGet(username, out var uid))
            return uid;
        var found = await store.FindAsync(IdKind.User, username, cancellationToken);
        if (found is { } id)
            uids.AddOrUpdate(username, id);
        return found;
    }

    private async ValueTask<long> GetAsync(IdKind kind, string name, IdRange range, CancellationToken cancellationToken) =>
        CacheOf(kind).TryGet(name, out var id)
            ? id
            : await assignments.RunAsync((kind, name), () => AssignAsync(kind, name, range), cancellationToken);

    private ConcurrentLru<string, long> CacheOf(IdKind kind) => kind == IdKind.User ? uids : gids;

    private async Task<long> AssignAsync(IdKind kind, string name, IdRange range)
    {
        try
        {
            var assigned = await store.AssignAsync(kind, name, range, CancellationToken.None);
            if (assigned.IsNew && kind == IdKind.User)
                Log.AssignedUid(logger, name, assigned.Id);
            else if (assigned.IsNew)
                Log.AssignedGid(logger, name, assigned.Id);
            CacheOf(kind).AddOrUpdate(name, assigned.Id);
            return assigned.Id;
        }
        catch (UserDirectoryException e)
        {
            Log.Refused(logger, e.Reason, kind == IdKind.User ? name : null, kind == IdKind.Group ? name : null);
            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(AssignedUid), Message = "Assigned new UID")]
        public static partial void AssignedUid(ILogger logger, string user, long uid);

        [LoggerMessage(Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(AssignedGid), Message = "Assigned new GID")]
        public static partial void AssignedGid(ILogger logger, string group, long gid);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}")]
        public static partial void Refused(ILogger logger, string reason, string? user, string? group);
    }
}
