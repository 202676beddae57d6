using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>Represents the token index in a SQL database, for both dialects (contract/storage.md 2).</summary>
internal sealed partial class SqlTokenIndex(SqlDatabase database) : ITokenIndex, IChangeHistory, IRevocationLog
{
    private static readonly SqlFragment ParentColumn = new("s.parent");

    public int BatchSize => database.Dialect.BatchSize;

    public async Task<TokenInfo?> GetAsync(TokenKey key, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            database.Sql($"SELECT {TokenRows.Columns} FROM token t LEFT JOIN subtoken s ON s.child = t.token WHERE t.token = {key}"),
            TokenRows.Read,
            cancellationToken);
        return found.SingleOrDefault();
    }

    public async Task<IReadOnlyList<TokenInfo>> ListAsync(string? username, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT {TokenRows.ColumnsWithoutParent} FROM token t");
        if (username is not null)
            sql.Append($" WHERE t.username = {username}");
        // Newest first. The reference orders by last_used first, but never sets it, so its order is the same (deviations 19).
        sql.Append($" ORDER BY t.created DESC, t.token");
        return await database.QueryAsync(sql, TokenRows.Read, cancellationToken);
    }

    public async Task<TokenKey?> FindChildAsync(ChildQuery query, CancellationToken cancellationToken)
    {
        var sql = database.Sql(
            $"""
            SELECT t.token FROM subtoken s JOIN token t ON t.token = s.child
            WHERE s.parent = {query.Parent} AND t.token_type = {query.TokenType} AND t.scopes = {query.Scopes}
            AND t.expires >= {query.ExpiresFrom}
            """);
        if (query.Service is not null)
            sql.Append($" AND t.service = {query.Service}");
        sql.Append($" LIMIT 1");
        var found = await database.QueryAsync(sql, row => row.Key(0), cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    public async Task<TokenCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var counts = await database.QueryAsync(
            database.Sql(
                $"""
                SELECT (SELECT count(DISTINCT username) FROM token WHERE expires > {now}),
                       (SELECT count(*) FROM token WHERE token_type = {TokenType.User} AND (expires IS NULL OR expires > {now}))
                """),
            row => new TokenCounts(row.Number(0), row.Number(1)),
            cancellationToken);
        return counts[0];
    }

    /// <summary>
    /// Selects the tokens in a subquery, and joins the other tables afterwards. In a single join, PostgreSQL would expect many rows, and
    /// merge two indexes, of which it reads the second one from its beginning.
    /// </summary>
    public async Task<IReadOnlyList<TokenIndexEntry>> ReadAsync(TokenKey? after, int limit, CancellationToken cancellationToken) =>
        await database.QueryAsync(
            database.Sql(
                $"""
                SELECT {TokenRows.Columns}, p.expires, s.child IS NOT NULL AND s.parent IS NULL
                FROM (SELECT * FROM token WHERE token > {after?.Value ?? ""} ORDER BY token LIMIT {limit}) t
                LEFT JOIN subtoken s ON s.child = t.token LEFT JOIN token p ON p.token = s.parent
                ORDER BY t.token
                """),
            row => new TokenIndexEntry(TokenRows.Read(row), row.TimeOrNull(TokenRows.Count), row.Flag(TokenRows.Count + 1)),
            cancellationToken);

    public async Task<ExpiredKeys> WalkExpiredAsync(DateTimeOffset now, TokenKey? after, int steps, CancellationToken cancellationToken)
    {
        // The result contains the last token that was read, expired or not: the next call continues there.
        var found = await database.QueryAsync(
            database.Sql(
                $"""
                WITH walked AS (SELECT token, expires FROM token WHERE token > {after?.Value ?? ""} ORDER BY token LIMIT {steps}),
                     last AS (SELECT max(token) AS token, count(*) AS steps FROM walked)
                SELECT w.token, COALESCE(w.expires <= {now}, false), w.token = last.token AND last.steps = {steps}
                FROM walked w CROSS JOIN last WHERE w.expires <= {now} OR w.token = last.token ORDER BY w.token
                """),
            row => (Key: row.Key(0), IsExpired: row.Flag(1), IsLast: row.Flag(2)),
            cancellationToken);
        return new ExpiredKeys(
            [.. found.Where(one => one.IsExpired).Select(one => one.Key)], found is [.., (var key, _, true)] ? key : null);
    }

    /// <summary>Uses UNION, which returns each pair only once, so that the query also ends if other software has stored a cycle.</summary>
    public async Task<IReadOnlyList<Descendant>> ReadDescendantsAsync(
        IReadOnlyCollection<TokenKey> roots, DateTimeOffset? expiredAt, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"WITH RECURSIVE tree AS (SELECT s.child, s.parent FROM subtoken s");
        if (expiredAt is { } first)
            sql.Append($" JOIN token t ON t.token = s.child AND t.expires <= {first}");
        sql.Append(
            $" WHERE {new SqlIn(ParentColumn, roots)} UNION SELECT s.child, s.parent FROM tree d{database.Dialect.JoinChildrenOfTree}");
        if (expiredAt is { } next)
            sql.Append($" JOIN token t ON t.token = s.child AND t.expires <= {next}");
        sql.Append($") SELECT d.child, d.parent, t.created FROM tree d JOIN token t ON t.token = d.child");
        await using var session = await database.OpenForLookupsAsync(cancellationToken);
        return await session.QueryAsync(sql, row => new Descendant(row.Key(0), row.Key(1), row.Time(2)), cancellationToken);
    }

    public async Task<IReadOnlyList<TokenInfo>> ReadInterruptedRevocationsAsync(int limit, CancellationToken cancellationToken) =>
        await database.QueryAsync(
            database.Sql(
                $"""
                SELECT {TokenRows.ColumnsWithoutParent} FROM porthor_revocation r JOIN token t ON t.token = r.token
                ORDER BY t.token LIMIT {limit}
                """),
            TokenRows.Read,
            cancellationToken);

    public async Task<IReadOnlySet<TokenKey>> ListedAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            database.Sql($"SELECT token FROM token WHERE {new SqlIn(TokenRows.TokenColumn, keys)}"), row => row.Key(0), cancellationToken);
        return found.ToHashSet();
    }

    public async Task<ITokenIndexTransaction> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken) =>
        new SqlTransaction(database, await database.BeginAsync(timeLimit, cancellationToken));

    public async Task CheckAsync(CancellationToken cancellationToken) =>
        await database.QueryAsync(database.Sql($"SELECT token FROM token LIMIT 1"), row => row.Key(0), cancellationToken);

    public async Task<IReadOnlyList<TokenKey>> RevokedAsync(
        DateTimeOffset now, TokenKey? after, int limit, CancellationToken cancellationToken) =>
        await database.QueryAsync(
            database.Sql(
                $"SELECT token FROM porthor_revocation WHERE until >= {now} AND token > {after?.Value ?? ""} ORDER BY token LIMIT {limit}"),
            row => row.Key(0),
            cancellationToken);

    public async Task<IReadOnlyList<TokenInfo>> EditedAsync(
        DateTimeOffset since, TokenKey? after, int limit, CancellationToken cancellationToken) =>
        await database.QueryAsync(
            database.Sql(
                $"""
                SELECT {TokenRows.ColumnsWithoutParent} FROM token t
                WHERE t.token IN
                (SELECT h.token FROM token_change_history h WHERE h.event_time >= {since} AND h.action = {ChangeAction.Edit})
                AND t.token > {after?.Value ?? ""} ORDER BY t.token LIMIT {limit}
                """),
            TokenRows.Read,
            cancellationToken);

    public async Task<int> DeleteOldRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(TimeSpan.FromSeconds(30), cancellationToken);
        var counts = await session.ExecuteAsync(
            [
                database.Sql(
                    $"""
                    DELETE FROM porthor_revocation WHERE until < {now}
                    AND NOT EXISTS (SELECT 1 FROM token t WHERE t.token = porthor_revocation.token)
                    """),
            ],
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return counts[0];
    }
}
