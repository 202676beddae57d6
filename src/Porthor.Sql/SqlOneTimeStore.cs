using Porthor.Storage;

namespace Porthor.Sql;

/// <summary>
/// Stores one-time values in <c>porthor_once</c>. Each addition also removes some expired rows, so that the table does not grow.
/// </summary>
internal sealed class SqlOneTimeStore(SqlDatabase database, TimeProvider clock) : IOneTimeStore
{
    private const int RemovedAtOnce = 100;

    public async Task<bool> TryAddAsync(string name, byte[] value, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var changed = await session.ExecuteAsync([Add(database, name, value, now + lifetime, now)], cancellationToken);
        // The deletion follows the insertion, to avoid deadlocks: other transactions that wait for this name then hold no lock for which
        // this transaction waits.
        await session.CommitAsync([RemoveExpired(database, now)], cancellationToken);
        return changed[0] == 1;
    }

    /// <summary>Returns the statement that adds a value, and changes no row if an unexpired value of this name exists.</summary>
    public static SqlStatement Add(
        SqlDatabase database, string name, byte[] value, DateTimeOffset expires, DateTimeOffset now) => database.Sql(
        $"""
        INSERT INTO porthor_once (name, value, expires) VALUES ({name}, {value}, {expires})
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires = excluded.expires WHERE porthor_once.expires <= {now}
        """);

    /// <summary>Returns the statement that removes some expired rows. It waits for no lock.</summary>
    public static SqlStatement RemoveExpired(SqlDatabase database, DateTimeOffset now) => database.Sql(
        $"""
        DELETE FROM porthor_once WHERE name IN
        (SELECT t.name FROM porthor_once AS t WHERE t.expires <= {now}
         ORDER BY t.expires LIMIT {RemovedAtOnce}{database.Dialect.ForUpdateSkipLocked})
        """);

    public async Task<byte[]?> TakeAsync(string name, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var taken = await session.QueryAsync(
            database.Sql($"DELETE FROM porthor_once WHERE name = {name} RETURNING value, expires"),
            row => (Value: row.Bytes(0), Expires: row.Time(1)),
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return taken is [var found] && found.Expires > clock.GetUtcNow() ? found.Value : null;
    }

    public async Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            database.Sql(
                $"SELECT value FROM porthor_once WHERE name = {name} AND expires > {clock.GetUtcNow()}"),
            row => row.Bytes(0),
            cancellationToken);
        return found.SingleOrDefault();
    }

    public async Task<bool> ContainsAsync(string name, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            database.Sql(
                $"SELECT 1 FROM porthor_once WHERE name = {name} AND expires > {clock.GetUtcNow()}"), _ => true, cancellationToken);
        return found.Count > 0;
    }
}
