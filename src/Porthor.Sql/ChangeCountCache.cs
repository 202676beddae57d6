using System.Text.Json.Nodes;

namespace Porthor.Sql;

/// <summary>
/// Counts all changes in the history. Counting millions of changes takes longer than reading a page of them. Maintenance therefore counts
/// the changes of a past period, to which no more changes are added and from which no change will be removed soon, and stores the number. A
/// request then counts only the changes before and after this period (docs/decisions/0016-counting-changes.md). The IDs of the first and
/// the last change of the period are stored as well. If they have changed, the stored number is not used, and all changes are counted.
/// </summary>
internal sealed class ChangeCountCache(SqlDatabase database)
{
    private const string SettingName = "counted-changes";

    /// <summary>The minimum number of changes in the period. A smaller number is not stored.</summary>
    private const long MinimumCount = 10_000;

    private readonly SqlSettings settings = new(database);

    /// <summary>Counts the changes of a period, and stores their number.</summary>
    /// <param name="from">The beginning of the period, inclusive.</param>
    /// <param name="to">The end of the period, exclusive.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task StoreAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT count(*)");
        AppendEnds(sql, from, to);
        sql.Append($" FROM token_change_history WHERE event_time >= {from} AND event_time < {to}");
        var (rows, first, last) =
            (await database.QueryAsync(sql, row => (row.Number(0), row.NumberOrNull(1), row.NumberOrNull(2)), cancellationToken))[0];
        if (rows < MinimumCount)
        {
            await settings.DeleteAsync(SettingName, cancellationToken);
            return;
        }
        JsonObject stored = new()
        {
            ["from"] = from.ToUnixTimeSeconds(),
            ["to"] = to.ToUnixTimeSeconds(),
            ["first"] = first,
            ["last"] = last,
            ["rows"] = rows,
        };
        await settings.SetAsync(SettingName, stored.ToJsonString(), cancellationToken);
    }

    /// <summary>Returns the number of all changes.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        if (await settings.GetAsync(SettingName, cancellationToken) is { } text
            && await CountAsync(JsonNode.Parse(text)!, cancellationToken) is { } count)
            return count;
        var all = database.Sql($"SELECT count(*) FROM token_change_history");
        return (await database.QueryAsync(all, row => row.Number(0), cancellationToken))[0];
    }

    /// <summary>
    /// Returns the sum of the stored number and the number of all other changes; null if the stored number is no longer correct.
    /// </summary>
    private async Task<long?> CountAsync(JsonNode stored, CancellationToken cancellationToken)
    {
        DateTimeOffset Time(string name) => DateTimeOffset.FromUnixTimeSeconds((long)stored[name]!);
        var (from, to) = (Time("from"), Time("to"));
        var sql = database.Sql(
            $"""
            SELECT (SELECT count(*) FROM token_change_history WHERE event_time < {from})
                + (SELECT count(*) FROM token_change_history WHERE event_time >= {to})
            """);
        AppendEnds(sql, from, to);
        var (others, first, last) =
            (await database.QueryAsync(sql, row => (row.Number(0), row.NumberOrNull(1), row.NumberOrNull(2)), cancellationToken))[0];
        return first == (long?)stored["first"] && last == (long?)stored["last"] ? others + (long)stored["rows"]! : null;
    }

    private static void AppendEnds(SqlStatement sql, DateTimeOffset from, DateTimeOffset to)
    {
        sql.Append(
            $", (SELECT id FROM token_change_history WHERE event_time >= {from} AND event_time < {to} ORDER BY event_time, id LIMIT 1)");
        sql.Append(
            $"""
            , (SELECT id FROM token_change_history WHERE event_time >= {from} AND event_time < {to}
               ORDER BY event_time DESC, id DESC LIMIT 1)
            """);
    }
}
