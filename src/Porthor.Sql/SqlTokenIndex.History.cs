using Porthor.History;

namespace Porthor.Sql;

// The history: filters and keyset pagination (contract/storage.md 2.6).
internal sealed partial class SqlTokenIndex
{
    private static readonly HistoryFilter Everything = new();

    private static readonly SqlFragment ChangeTable = new("token_change_history");

    /// <summary>The columns that follow those of <see cref="HistoryRow"/>.</summary>
    private static readonly SqlFragment ChangeColumns = new(
        "expires, actor, CAST(action AS text), old_token_name, old_scopes, old_expires");

    private static readonly SqlFragment AddressColumn = new("ip_address");

    // SQLite does not use an index for an expression.
    private static readonly SqlFragment AddressColumnWithoutIndex = new("+ip_address");

    private readonly ChangeCountCache changeCounts = new(database);

    public async Task<IReadOnlyList<TokenChange>> ReadAsync(
        HistoryFilter filter, HistoryCursor? cursor, long limit, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT {HistoryRow.Columns}, {ChangeColumns} FROM {ChangeTable} WHERE true");
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

    private static TokenChange ReadChange(SqlRow row)
    {
        const int first = HistoryRow.Count;
        var common = HistoryRow.Read(row);
        return new TokenChange
        {
            Id = common.Id,
            Token = common.Token,
            Username = common.Username,
            TokenType = common.TokenType,
            TokenName = common.TokenName,
            Parent = common.Parent,
            Scopes = common.Scopes,
            Service = common.Service,
            IpAddress = common.IpAddress,
            EventTime = common.EventTime,
            Expires = row.TimeOrNull(first),
            Actor = row.TextOrNull(first + 1) ?? "",
            Action = ChangeActions.Parse(row.Text(first + 2)),
            OldTokenName = row.TextOrNull(first + 3),
            OldScopes = row.ScopesOrNull(first + 4),
            OldExpires = row.TimeOrNull(first + 5),
        };
    }
}
