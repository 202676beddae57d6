using Porthor.Identity;
using Porthor.Storage;

namespace Porthor.Sql;

/// <summary>
/// Stores the IDs of users and groups, and the counters from which they are assigned, in <c>porthor_id</c>. Rows are never changed,
/// except those of the counters, which only increase.
/// </summary>
public sealed partial class SqlIds : IIdStore
{
    private const string CounterKind = "counter";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private readonly SqlDatabase database;

    internal SqlIds(SqlDatabase database) => this.database = database;

    /// <summary>
    /// Creates the counters that are missing, with a value after the highest assigned ID. Existing counters are not changed.
    /// </summary>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(TimeLimit, cancellationToken);
        await session.CommitAsync(
            [
                .. IdRange.All.Select(range => database.Sql(
                    $"""
                    INSERT INTO porthor_id (kind, name, id)
                    SELECT {CounterKind}, {range.Counter}, coalesce(max(id) + 1, {range.First}) FROM porthor_id
                    WHERE kind = {KindOf(range == IdRange.Groups ? IdKind.Group : IdKind.User)}
                    AND id >= {range.First} AND id < {range.End ?? long.MaxValue}
                    ON CONFLICT (kind, name) DO NOTHING
                    """)),
            ],
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<long?> FindAsync(IdKind kind, string name, CancellationToken cancellationToken) =>
        One(await database.QueryAsync(Select(KindOf(kind), name), Number, cancellationToken));

    /// <inheritdoc/>
    public async Task<AssignedId> AssignAsync(IdKind kind, string name, IdRange range, CancellationToken cancellationToken)
    {
        if (await FindAsync(kind, name, cancellationToken) is { } existing)
            return new AssignedId(existing, IsNew: false);
        await using var session = await database.BeginAsync(TimeLimit, cancellationToken);
        // Locks the counter. If several nodes assign IDs at the same time, each sees the IDs that the previous one has committed.
        await session.ExecuteAsync([Increase(range, by: 0)], cancellationToken);
        if (One(await session.QueryAsync(Select(KindOf(kind), name), Number, cancellationToken)) is { } another)
            return new AssignedId(another, IsNew: false);
        if (One(await session.QueryAsync(Select(CounterKind, range.Counter), Number, cancellationToken)) is not { } next)
        {
            var counter = kind == IdKind.User ? "UID" : "GID";
            throw new UserDirectoryException($"Firestore {counter} counter not found", isUnavailable: false)
            {
                Name = "FirestoreNotInitializedError",
            };
        }
        range.Check(next);
        await session.CommitAsync(
            [database.Sql($"INSERT INTO porthor_id (kind, name, id) VALUES ({KindOf(kind)}, {name}, {next})"), Increase(range, by: 1)],
            cancellationToken);
        return new AssignedId(next, IsNew: true);
    }

    private static string KindOf(IdKind kind) => kind == IdKind.User ? "user" : "group";

    private SqlStatement Select(string kind, string name) =>
        database.Sql($"SELECT id FROM porthor_id WHERE kind = {kind} AND name = {name}");

    private SqlStatement Increase(IdRange range, long by) =>
        database.Sql($"UPDATE porthor_id SET id = id + {by} WHERE kind = {CounterKind} AND name = {range.Counter}");

    private static long Number(SqlRow row) => row.Number(0);

    private static long? One(List<long> numbers) => numbers.Count == 0 ? null : numbers[0];
}
