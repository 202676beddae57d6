using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Sql;

// The history: filters and keyset pagination (contract/storage.md 2.6).
internal sealed partial class SqlTokenIndex
{
    private static readonly HistoryFilter Everything = new();

    private static readonly SqlFragment ChangeTable = new("token_change_history");

    private static readonly SqlFragment ChangeColumns = new(
        """
        id, token, username, CAST(token_type AS text), token_name, parent, scopes, service, expires, actor, CAST(action AS text),
        old_token_name, old_scopes, old_expires, ip_address, event_time
        """);

    private static readonly SqlFragment AddressColumn = new("ip_address");

    // SQLite does not use an index for an expression.
    private static readonly SqlFragment AddressColumnWithoutIndex = new("+ip_address");

    private readonly ChangeCountCache changeCounts = new(database);

    public async Task<IReadOnlyList<TokenChange>> ReadAsync(
        HistoryFilter filter, HistoryCursor? cursor, long limit, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT {ChangeColumns} FROM token_change_history WHERE true");
        await AppendConditionsAsync(sql, filter, cancellationToken);
        return await SqlHistory.ReadPageAsync(database, sql, cursor, limit, ReadChange, cancellationToken);
    }

    public async Task<long> CountAsync(HistoryFilter filter, CancellationToken cancellationToken)
    {
        if (filter == Everything)
            return await changeCounts.CountAsync(cancellationToken);
        var sql = database.Sql($"SELECT count(*) FROM token_change_history WHERE true");
        AppendConditions(sql, filter, AddressColumn);
        var counts = await database.QueryAsync(sql, row => row.Number(0), cancellationToken);
        return counts[0];
    }

    public Task StorePastCountAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        changeCounts.StoreAsync(from, to, cancellationToken);

    public Task<int> TruncateAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        SqlHistory.TruncateAsync(database, ChangeTable, before, limit, cancellationToken);

    /// <summary>
    /// Appends the conditions of a filter. If a block of addresses has many changes, the index by time is faster; if it has few, the index
    /// by address. If the database has no statistics, this method counts the changes of the block up to a limit, and selects the faster
    /// index.
    /// </summary>
    private async Task AppendConditionsAsync(SqlStatement sql, HistoryFilter filter, CancellationToken cancellationToken)
    {
        const int many = 500;
        var column = AddressColumn;
        if (filter.IpAddress is { IsSingle: false } block && !database.Dialect.HasStatistics)
        {
            var sample = database.Sql(
                $"SELECT count(*) FROM (SELECT 1 FROM token_change_history WHERE {new SqlInNetwork(AddressColumn, block)} LIMIT {many})");
            if ((await database.QueryAsync(sample, row => row.Number(0), cancellationToken))[0] == many)
                column = AddressColumnWithoutIndex;
        }
        AppendConditions(sql, filter, column);
    }

    private static void AppendConditions(SqlStatement sql, HistoryFilter filter, SqlFragment addressColumn)
    {
        if (filter.Since is { } since)
            sql.Append($" AND event_time >= {since}");
        if (filter.Until is { } until)
            sql.Append($" AND event_time <= {until}");
        if (filter.Username is { } username)
            sql.Append($" AND username = {username}");
        if (filter.Actor is { } actor)
            sql.Append($" AND actor = {actor}");
        if (filter.Key is { } key)
            sql.Append($" AND (token = {key} OR parent = {key.Value})");
        if (filter.TokenType is { } type)
            sql.Append($" AND token_type = {type}");
        if (filter.IpAddress is { } block)
            sql.Append($" AND {new SqlInNetwork(addressColumn, block)}");
    }

    private static TokenChange ReadChange(SqlRow row) => new()
    {
        Id = row.Number(0),
        Token = row.Key(1),
        Username = row.Text(2),
        TokenType = TokenTypes.Parse(row.Text(3)),
        TokenName = row.TextOrNull(4),
        Parent = row.KeyOrNull(5),
        Scopes = row.Scopes(6),
        Service = row.TextOrNull(7),
        Expires = row.TimeOrNull(8),
        Actor = row.TextOrNull(9) ?? "",
        Action = ChangeActions.Parse(row.Text(10)),
        OldTokenName = row.TextOrNull(11),
        OldScopes = row.ScopesOrNull(12),
        OldExpires = row.TimeOrNull(13),
        IpAddress = row.AddressOrNull(14),
        EventTime = row.Time(15),
    };
}
