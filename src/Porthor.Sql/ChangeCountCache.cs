using System.Text.Json.Nodes;

namespace Porthor.Sql;

/// <summary>
/// How many changes there are in all. To count millions takes longer than to read a page of them, so maintenance notes how many lie in a
/// time that nobody adds to any more and that does not end soon; counted are then only those before and after
/// (docs/decisions/0016-counting-changes.md). The note names its first and its last change. If others are the first and the last now,
/// it does not hold, and everything is counted.
/// </summary>
internal sealed class ChangeCountCache(SqlDatabase database)
{
    private const string Note = "counted-changes";

    /// <summary>Fewer are counted at once.</summary>
    private const long Fewest = 10_000;

    private readonly SqlSettings settings = new(database);

    /// <summary>Counts the changes from one time on and before another, and notes that.</summary>
    public async Task NoteAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT count(*)");
        AppendEnds(sql, from, to);
        sql.Append($" FROM token_change_history WHERE event_time >= {from} AND event_time < {to}");
        var (rows, first, last) = (await database.QueryAsync(sql, row => (row.Number(0), row.NumberOrNull(1), row.NumberOrNull(2)), cancellationToken))[0];
        if (rows < Fewest)
        {
            await settings.DeleteAsync(Note, cancellationToken);
            return;
        }
        JsonObject note = new()
        {
            ["from"] = from.ToUnixTimeSeconds(),
            ["to"] = to.ToUnixTimeSeconds(),
            ["first"] = first,
            ["last"] = last,
            ["rows"] = rows,
        };
        await settings.SetAsync(Note, note.ToJsonString(), cancellationToken);
    }

    /// <summary>How many there are now.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        if (await settings.GetAsync(Note, cancellationToken) is { } text && await CountAsync(JsonNode.Parse(text)!, cancellationToken) is { } count)
            return count;
        return (await database.QueryAsync(database.Sql($"SELECT count(*) FROM token_change_history"), row => row.Number(0), cancellationToken))[0];
    }

    /// <summary>Null if what is noted is not so any more.</summary>
    private async Task<long?> CountAsync(JsonNode note, CancellationToken cancellationToken)
    {
        DateTimeOffset Time(string name) => DateTimeOffset.FromUnixTimeSeconds((long)note[name]!);
        var (from, to) = (Time("from"), Time("to"));
        var sql = database.Sql(
            $"""
            SELECT (SELECT count(*) FROM token_change_history WHERE event_time < {from}) + (SELECT count(*) FROM token_change_history WHERE event_time >= {to})
            """);
        AppendEnds(sql, from, to);
        var (others, first, last) = (await database.QueryAsync(sql, row => (row.Number(0), row.NumberOrNull(1), row.NumberOrNull(2)), cancellationToken))[0];
        return first == (long?)note["first"] && last == (long?)note["last"] ? others + (long)note["rows"]! : null;
    }

    private static void AppendEnds(SqlStatement sql, DateTimeOffset from, DateTimeOffset to)
    {
        sql.Append($", (SELECT id FROM token_change_history WHERE event_time >= {from} AND event_time < {to} ORDER BY event_time, id LIMIT 1)");
        sql.Append($", (SELECT id FROM token_change_history WHERE event_time >= {from} AND event_time < {to} ORDER BY event_time DESC, id DESC LIMIT 1)");
    }
}
