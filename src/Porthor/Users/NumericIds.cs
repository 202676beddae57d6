using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;
using Porthor.Delegation;

namespace Porthor.Users;

/// <summary>A range of numbers that are given out one after the other, and never twice (contract/userinfo.md 4).</summary>
/// <param name="Counter">The name of the counter that holds the next number.</param>
/// <param name="End">The first number that is not given out; null for none.</param>
/// <param name="Label">What the numbers are, in errors.</param>
/// <param name="Error">The name of the error that there are no more.</param>
public sealed record IdRange(string Counter, long First, long? End, string Label, string Error)
{
    public static readonly IdRange Users = new("uid", 3_000_000, End: null, "UID", NoUid);

    public static readonly IdRange Bots = new("bot-uid", 100_000, 199_999, "bot UID", NoUid);

    public static readonly IdRange Groups = new("gid", 2_000_000, 2_999_999, "GID", "NoAvailableGidError");

    private const string NoUid = "NoAvailableUidError";

    public static readonly IReadOnlyList<IdRange> All = [Users, Bots, Groups];

    /// <summary>Bots are users in all but the range.</summary>
    public static IdRange OfUser(string username) => UserRules.IsBot(username) ? Bots : Users;

    /// <exception cref="UserDirectoryException">All have been given out.</exception>
    public void Check(long next)
    {
        if (next >= End)
            throw new UserDirectoryException($"Next {Label} {next} out of range (>= {End})", isAway: false) { Name = Error };
    }
}

/// <summary>Whose numbers they are. A user and a group of the same name have nothing to do with each other.</summary>
public enum IdKind
{
    User,
    Group,
}

/// <param name="IsNew">False if the name had its number already.</param>
public readonly record struct AssignedId(long Id, bool IsNew);

/// <summary>Where assigned numbers are kept, for good.</summary>
public interface IIdStore
{
    /// <summary>Null if the name has no number.</summary>
    Task<long?> FindAsync(IdKind kind, string name, CancellationToken cancellationToken);

    /// <summary>The number of a name; the next of the range, in one transaction, if it has none.</summary>
    /// <exception cref="UserDirectoryException">The range has no more, or no counter.</exception>
    Task<AssignedId> AssignAsync(IdKind kind, string name, IdRange range, CancellationToken cancellationToken);
}

/// <summary>
/// Gives users and groups their numbers, in deployments whose directory does not: the place of the reference's Firestore
/// (docs/decisions/0011-numeric-ids.md).
/// </summary>
public sealed partial class NumericIds(IIdStore store, ILogger<NumericIds> logger)
{
    private const int Remembered = 10_000;

    // A number never changes, so that it can be remembered for good.
    private readonly ConcurrentLru<string, long> uids = new(Remembered);
    private readonly ConcurrentLru<string, long> gids = new(Remembered);
    private readonly SingleFlight<(IdKind, string), long> flights = new();

    /// <summary>A user's number; assigned now if they have none.</summary>
    /// <exception cref="UserDirectoryException">There are no more.</exception>
    public ValueTask<long> GetUidAsync(string username, CancellationToken cancellationToken) =>
        GetAsync(IdKind.User, username, IdRange.OfUser(username), cancellationToken);

    /// <summary>A group's number; assigned now if it has none.</summary>
    /// <exception cref="UserDirectoryException">There are no more.</exception>
    public ValueTask<long> GetGidAsync(string group, CancellationToken cancellationToken) =>
        GetAsync(IdKind.Group, group, IdRange.Groups, cancellationToken);

    /// <summary>A user's number; null if they have none.</summary>
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
        KnownOf(kind).TryGet(name, out var id)
            ? id
            : await flights.RunAsync((kind, name), () => AssignAsync(kind, name, range), cancellationToken);

    private ConcurrentLru<string, long> KnownOf(IdKind kind) => kind == IdKind.User ? uids : gids;

    private async Task<long> AssignAsync(IdKind kind, string name, IdRange range)
    {
        try
        {
            var assigned = await store.AssignAsync(kind, name, range, CancellationToken.None);
            if (assigned.IsNew && kind == IdKind.User)
                Log.AssignedUid(logger, name, assigned.Id);
            else if (assigned.IsNew)
                Log.AssignedGid(logger, name, assigned.Id);
            KnownOf(kind).AddOrUpdate(name, assigned.Id);
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
        [LoggerMessage(Level = LogLevel.Information, Message = "Assigned new UID")]
        public static partial void AssignedUid(ILogger logger, string user, long uid);

        [LoggerMessage(Level = LogLevel.Information, Message = "Assigned new GID")]
        public static partial void AssignedGid(ILogger logger, string group, long gid);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}")]
        public static partial void Refused(ILogger logger, string reason, string? user, string? group);
    }
}
