using Porthor.History;

namespace Porthor.Sql;

/// <summary>What the tables of history have in common: pages by time and number, and their end (contract/storage.md 2.6, 2.7).</summary>
internal static class SqlHistory
{
    private static readonly TimeSpan TruncateTimeLimit = TimeSpan.FromSeconds(30);

    /// <summary>Runs a query that ends in its conditions for the page at a cursor.</summary>
    public static async Task<List<T>> ReadPageAsync<T>(
        SqlDatabase database, SqlStatement sql, HistoryCursor? cursor, long limit, Func<SqlRow, T> read, CancellationToken cancellationToken)
    {
        var backward = cursor is { IsBackward: true };
        // A row comparison, which an index on both columns answers at once however far back the page is.
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

    /// <summary>Deletes up to a number of the oldest rows from before a time, and says how many.</summary>
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
