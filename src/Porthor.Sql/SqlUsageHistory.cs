using Porthor.History;
using Porthor.Storage;

namespace Porthor.Sql;

/// <summary>
/// Stores the usage history in <c>token_auth_history</c>, and the last usage of tokens in <c>last_used</c> (contract/storage.md 2,
/// deviations 19).
/// </summary>
internal sealed class SqlUsageHistory(SqlDatabase database) : IUsageHistory
{
    private static readonly SqlFragment Table = new("token_auth_history");
    private static readonly SqlFragment AddressColumn = new("ip_address");

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    public async Task AddAsync(IReadOnlyList<TokenUsage> events, CancellationToken cancellationToken)
    {
        if (events.Count == 0)
            return;
        var lastEvents = events.GroupBy(usage => usage.Token, (_, ofToken) => ofToken.MaxBy(usage => usage.EventTime)!)
            .OrderBy(usage => usage.Token);
        await using var session = await database.BeginAsync(TimeLimit, cancellationToken);
        // The rows of the tokens are updated last, so that their locks are held for a short time.
        await session.CommitAsync([.. events.Select(Insert), .. lastEvents.Select(SetLastUsed)], cancellationToken);
    }

    public async Task<IReadOnlyList<TokenUsage>> ReadAsync(
        UsageFilter filter, HistoryCursor? cursor, long limit, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT {HistoryRow.Columns} FROM {Table} WHERE true");
        AppendConditions(sql, filter);
        return await SqlHistory.ReadPageAsync(database, sql, cursor, limit, ReadUsage, cancellationToken);
    }

    public async Task<long> CountAsync(UsageFilter filter, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT count(*) FROM {Table} WHERE true");
        AppendConditions(sql, filter);
        return (await database.QueryAsync(sql, row => row.Number(0), cancellationToken))[0];
    }

    public Task<int> TruncateAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        SqlHistory.TruncateAsync(database, Table, before, limit, cancellationToken);

    private SqlStatement Insert(TokenUsage usage)
    {
        var minute = usage.EventTime.AddTicks(-(usage.EventTime.Ticks % TimeSpan.TicksPerMinute));
        return database.Sql(
            $"""
            INSERT INTO {Table} (token, username, token_type, token_name, parent, scopes, service, ip_address, event_time)
            SELECT {usage.Token}, {usage.Username}, {usage.TokenType}, (SELECT token_name FROM token WHERE token = {usage.Token}),
                   (SELECT parent FROM subtoken WHERE child = {usage.Token}), {usage.Scopes}, {usage.Service}, {usage.IpAddress},
                   {usage.EventTime}
            WHERE NOT EXISTS
              (SELECT 1 FROM {Table}
               WHERE token = {usage.Token} AND event_time >= {minute} AND event_time < {minute.AddMinutes(1)}
               AND service IS NOT DISTINCT FROM {usage.Service} AND ip_address IS NOT DISTINCT FROM {usage.IpAddress})
            """);
    }

    private SqlStatement SetLastUsed(TokenUsage usage) => database.Sql(
        $"""
        UPDATE token SET last_used = {usage.EventTime} WHERE token =
        (SELECT t.token FROM token t
         WHERE t.token = {usage.Token} AND (t.last_used IS NULL OR t.last_used < {usage.EventTime}){database.Dialect.ForUpdateSkipLocked})
        """);

    private static void AppendConditions(SqlStatement sql, UsageFilter filter)
    {
        sql.Append($" AND username = {filter.Username} AND token = {filter.Token}");
        if (filter.Since is { } since)
            sql.Append($" AND event_time >= {since}");
        if (filter.Until is { } until)
            sql.Append($" AND event_time <= {until}");
        if (filter.IpAddress is { } block)
            sql.Append($" AND {new SqlInNetwork(AddressColumn, block)}");
    }

    private static TokenUsage ReadUsage(SqlRow row)
    {
        var common = HistoryRow.Read(row);
        return new TokenUsage
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
        };
    }
}
