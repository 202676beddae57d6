using Porthor.History;

namespace Porthor.Sql;

/// <summary>
/// Contains the common code of the history tables: pages by time and ID, and the removal of old rows (contract/storage.md 2.6, 2.7).
/// </summary>
internal static class SqlHistory
{
    private static readonly TimeSpan TruncateTimeLimit = TimeSpan.FromSeconds(30);

    /// <summary>Appends the conditions of a page to a query, and runs it.</summary>
    public static async Task<List<T>> ReadPageAsync<T>(
        SqlDatabase database, SqlStatement sql, HistoryCursor? cursor, long limit, Func<SqlRow, T> read,
        CancellationToken cancellationToken)
    {
        var backward = cursor is { IsBackward: true };
        // With a row comparison, an index on both columns finds any page quickly.
        if (backward)
            sql.Append($" AND (event_time, id) > ({cursor!.Value.Time}, {cursor.Value.Id}) ORDER BY event_time, id LIMIT {limit}");
        else if (cursor is { } from)
            sql.Append($" AND (event_time, id) <= ({from.Time}, {from.Id}) ORDER BY event_time DESC, id DESC LIMIT {limit}");
        else
            sql.Append($" ORDER BY event_time DESC, id DESC LIMIT {limit}");
        var rows = await database.QueryAsync(sql, read, cancellationToken);
        if (backward)
            rows.Reverse();
        return rows;
    }

    /// <summary>Deletes up to <paramref name="limit"/> of the oldest rows before a time. Returns the number of deleted rows.</summary>
    public static async Task<int> TruncateAsync(
        SqlDatabase database, SqlFragment table, DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(TruncateTimeLimit, cancellationToken);
        var deleted = await session.ExecuteAsync(
            [
                database.Sql(
                    $"""
                    DELETE FROM {table} WHERE id IN
                    (SELECT id FROM {table} WHERE event_time < {before} ORDER BY event_time, id LIMIT {limit})
                    """),
            ],
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return deleted[0];
    }
}
