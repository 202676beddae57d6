using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>Represents a transaction of the token index. It collects its writes and those of <see cref="SqlRecordStore"/>.</summary>
internal sealed class SqlTransaction(SqlDatabase database, SqlSession session) : ITokenIndexTransaction
{
    /// <summary>The first number of the advisory locks of users; the second number identifies the user.</summary>
    private static readonly SqlFragment UserLocks = new("1349481588");

    private static readonly SqlFragment ParentColumn = new("s.parent");
    private static readonly SqlFragment ChildColumn = new("child");
    private static readonly SqlFragment ChildKeyColumn = new("c.token");

    private readonly List<SqlStatement> pending = [];
    private string? pendingName;

    public async Task<TokenInfo?> LockAsync(TokenKey key, CancellationToken cancellationToken)
    {
        var found = await session.QueryAsync(
            database.Sql(
                $"""
                SELECT {TokenRows.Columns} FROM token t LEFT JOIN subtoken s ON s.child = t.token
                WHERE t.token = {key}{database.Dialect.ForUpdateOfToken}
                """),
            TokenRows.Read,
            cancellationToken);
        return found.SingleOrDefault();
    }

    public async Task<IReadOnlyList<TokenInfo>> LockAvailableAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        await session.QueryAsync(
            database.Sql(
                $"""
                SELECT {TokenRows.Columns} FROM token t LEFT JOIN subtoken s ON s.child = t.token
                WHERE {new SqlIn(TokenRows.QualifiedTokenColumn, keys)} ORDER BY t.token{database.Dialect.ForUpdateSkipLocked}
                """),
            TokenRows.Read,
            cancellationToken);

    public async Task<IReadOnlyList<TokenInfo>> LockInOrderAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
        keys.Count == 0
            ? []
            : await session.QueryAsync(
                database.Sql(
                    $"""
                    SELECT {TokenRows.Columns}
                    FROM {new SqlOrderedKeys(keys)} JOIN token t ON t.token = k.token LEFT JOIN subtoken s ON s.child = t.token
                    ORDER BY k.number{database.Dialect.ForUpdateOfToken}
                    """),
                TokenRows.Read,
                cancellationToken);

    public async Task<IReadOnlyList<TokenKey>> ReadChildKeysAsync(
        IReadOnlyCollection<TokenKey> parents, CancellationToken cancellationToken) =>
        await session.QueryAsync(
            database.Sql($"SELECT s.child FROM subtoken s WHERE {new SqlIn(ParentColumn, parents)}"), row => row.Key(0), cancellationToken);

    /// <summary>
    /// Reads the ancestors without locks. This is safe, because the parent of a token never changes, and a revocation that begins at the
    /// same time finds the new child token after it has acquired its locks.
    /// </summary>
    public async Task<ParentLimits?> LockParentAsync(TokenKey parent, CancellationToken cancellationToken)
    {
        var found = await session.QueryAsync(
            database.Sql(
                $"""
                WITH RECURSIVE line AS (
                    SELECT token, 0 AS level FROM token WHERE token = {parent}
                    UNION ALL
                    SELECT s.parent, l.level + 1 FROM line l JOIN subtoken s ON s.child = l.token
                    WHERE s.parent IS NOT NULL AND l.level < {ParentLimits.MaxLevel})
                SELECT t.scopes, t.expires, (SELECT CAST(max(level) AS bigint) FROM line),
                    EXISTS (SELECT 1 FROM line l JOIN porthor_revocation r ON r.token = l.token)
                FROM token t WHERE t.token = {parent}{database.Dialect.ForShareOfToken}
                """),
            row => new ParentLimits(row.Scopes(0), row.TimeOrNull(1)) { Level = (int)row.Number(2), IsBeingRevoked = row.Flag(3) },
            cancellationToken);
        return found.SingleOrDefault();
    }

    /// <summary>
    /// Acquires the lock in a separate statement. With READ COMMITTED, the snapshot of a statement is created when the statement begins. If
    /// the same statement waited for the lock and counted, its snapshot would not contain the token of the transaction for which it waited.
    /// </summary>
    public async Task<UserTokenUsage> CountUserTokensAsync(
        string username, TokenLimits limits, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (database.Dialect.LocksUsers)
            await ExecuteAsync([database.Sql($"SELECT pg_advisory_xact_lock({UserLocks}, hashtext({username}))")], cancellationToken);
        // Without a rate limit, the query selects from an empty range, and returns no time.
        var (minute, offset) = limits.CreationsPerMinute > 0
            ? (now - TimeSpan.FromMinutes(1), limits.CreationsPerMinute - 1)
            : (DateTimeOffset.UnixEpoch.AddYears(8000), 0);
        var counts = await session.QueryAsync(
            database.Sql(
                $"""
                SELECT (SELECT count(*) FROM token
                        WHERE username = {username} AND token_type = {TokenType.User} AND (expires IS NULL OR expires > {now})),
                       (SELECT event_time FROM token_change_history
                        WHERE username = {username} AND event_time > {minute} AND token_type = {TokenType.User}
                        AND action = {ChangeAction.Create} AND actor = {username}
                        ORDER BY event_time DESC, id DESC LIMIT 1 OFFSET {offset})
                """),
            row => new UserTokenUsage(row.Number(0), row.TimeOrNull(1)),
            cancellationToken);
        return counts[0];
    }

    public async Task<IReadOnlyList<TokenKey>> ReadBeingRevokedAsync(
        IReadOnlyCollection<TokenKey> keys, DateTimeOffset until, CancellationToken cancellationToken) =>
        await session.QueryAsync(
            database.Sql(
                $"""
                WITH RECURSIVE line AS (
                    SELECT token AS below, token, 0 AS level FROM token WHERE {new SqlIn(TokenRows.TokenColumn, keys)}
                    UNION ALL
                    SELECT l.below, s.parent, l.level + 1 FROM line l JOIN subtoken s ON s.child = l.token
                    WHERE s.parent IS NOT NULL AND l.level < {ParentLimits.MaxLevel})
                SELECT DISTINCT l.below FROM line l JOIN porthor_revocation r ON r.token = l.token WHERE r.until > {until}
                """),
            row => row.Key(0),
            cancellationToken);

    public async Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(
        DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        await session.QueryAsync(
            database.Sql(
                $"""
                SELECT {TokenRows.Columns} FROM token t LEFT JOIN subtoken s ON s.child = t.token
                WHERE {new SqlIn(TokenRows.QualifiedTokenColumn, keys)} AND t.expires <= {now}
                AND NOT EXISTS (
                    SELECT 1 FROM subtoken cs JOIN token c ON c.token = cs.child
                    WHERE cs.parent = t.token AND c.expires <= {now} AND NOT {new SqlIn(ChildKeyColumn, keys)})
                ORDER BY t.token{database.Dialect.ForUpdateSkipLocked}
                """),
            TokenRows.Read,
            cancellationToken);

    /// <summary>
    /// Inserts rows that are never committed. Because of the unique index, this transaction waits for other transactions that insert one of
    /// the keys, and they wait for this transaction. The rows are inserted in the order of the keys, so that two such transactions do not
    /// deadlock.
    /// </summary>
    public async Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        TokenKey[] inOrder = [.. keys.Order()];
        var inserted = await session.ExecuteAsync(
            [
                .. inOrder.Select(key => database.Sql(
                    $"""
                    INSERT INTO token (token, username, token_type, scopes, created)
                    VALUES ({key}, '', {TokenType.Internal}, '', {DateTimeOffset.UnixEpoch}) ON CONFLICT (token) DO NOTHING
                    """)),
            ],
            cancellationToken);
        TokenKey[] claimed = [.. inOrder.Zip(inserted).Where(one => one.Second > 0).Select(one => one.First)];
        Delete(claimed);
        return claimed;
    }

    public async Task<bool> TryUseOnceAsync(string name, DateTimeOffset until, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var changed = await session.ExecuteAsync([SqlOneTimeStore.Add(database, name, [], until, now)], cancellationToken);
        pending.Add(SqlOneTimeStore.RemoveExpired(database, now));
        return changed[0] == 1;
    }

    public void Insert(TokenInfo token)
    {
        pendingName ??= token.TokenName;
        pending.Add(database.Sql(
            $"""
            INSERT INTO token (token, username, token_type, token_name, scopes, service, created, expires)
            VALUES
            ({token.Token}, {token.Username}, {token.TokenType}, {token.TokenName}, {token.Scopes}, {token.Service}, {token.Created},
             {token.Expires})
            """));
        if (token.Parent is { } parent)
            pending.Add(database.Sql($"INSERT INTO subtoken (child, parent) VALUES ({token.Token}, {parent})"));
    }

    public void Update(TokenInfo token)
    {
        pendingName ??= token.TokenName;
        pending.Add(database.Sql(
            $"""
            UPDATE token SET token_name = {token.TokenName}, scopes = {token.Scopes}, expires = {token.Expires} WHERE token = {token.Token}
            """));
    }

    public void Delete(IReadOnlyList<TokenKey> keys)
    {
        if (keys.Count == 0)
            return;
        // The foreign key would delete these rows as well, but one at a time, and it would first set the parent of the children of each
        // deleted token to null.
        if (keys.Count > 1)
            pending.Add(database.Sql($"DELETE FROM subtoken WHERE {new SqlIn(ChildColumn, keys)}"));
        pending.Add(database.Sql($"DELETE FROM token WHERE {new SqlIn(TokenRows.TokenColumn, keys)}"));
    }

    public void Add(IReadOnlyList<TokenChange> changes) => pending.AddRange(ChangeRows.Insert(database, changes));

    public void RecordRevoked(IReadOnlyList<TokenKey> keys, DateTimeOffset until)
    {
        if (keys.Count > 1 && database.Dialect.SupportsArrayParameters)
        {
            var column = new SqlArrayParameter([.. keys.Select(key => key.Value)]);
            pending.Add(database.Sql(
                $"""
                INSERT INTO porthor_revocation (token, until) SELECT token, {until} FROM unnest({column}) AS revoked (token)
                ON CONFLICT (token) DO UPDATE SET until = excluded.until
                """));
            return;
        }
        foreach (var key in keys)
        {
            pending.Add(database.Sql(
                $"""
                INSERT INTO porthor_revocation (token, until) VALUES ({key}, {until})
                ON CONFLICT (token) DO UPDATE SET until = excluded.until
                """));
        }
    }

    /// <summary>Adds a write of the record store in the same database to this transaction.</summary>
    public void AddStatement(SqlStatement statement) => pending.Add(statement);

    /// <summary>Runs a query immediately within this transaction.</summary>
    public Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken) =>
        session.QueryAsync(statement, read, cancellationToken);

    /// <summary>Executes statements immediately within this transaction. Returns the number of changed rows for each.</summary>
    public Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) =>
        session.ExecuteAsync(statements, cancellationToken);

    public Task FlushAsync(CancellationToken cancellationToken) =>
        SendAsync(statements => session.ExecuteAsync(statements, cancellationToken));

    public Task CommitAsync(CancellationToken cancellationToken) =>
        SendAsync(statements => session.CommitAsync(statements, cancellationToken));

    public ValueTask DisposeAsync() => session.DisposeAsync();

    private async Task SendAsync(Func<IReadOnlyList<SqlStatement>, Task> send)
    {
        List<SqlStatement> statements = [.. pending];
        pending.Clear();
        try
        {
            await send(statements);
        }
        catch (DuplicateNameException)
        {
            throw PorthorError.DuplicateTokenName(pendingName ?? "").ToException();
        }
    }
}
