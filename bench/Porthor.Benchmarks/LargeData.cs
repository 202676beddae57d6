using Microsoft.Data.Sqlite;
using Npgsql;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Benchmarks;

/// <summary>
/// Inserts many tokens directly into the stores: a third of them expired, a tenth of them children. Of every ten thousand tokens one has no
/// record and one has a different record, so that the audit has findings.
/// </summary>
internal sealed class LargeData(Deployment deployment, int count)
{
    private const int FaultsEvery = 10_000;
    private static readonly DateTimeOffset Created = DateTimeOffset.UtcNow.AddDays(-2).TruncateToSeconds();

    public int Expired => count / 3;

    /// <summary>The number of findings: one missing and one different record in every ten thousand tokens that have not expired.</summary>
    public int Errors => Enumerable.Range(1, count).Count(i => i % 3 != 0 && i % FaultsEvery is 1 or 2);

    public async Task FillAsync()
    {
        switch (deployment.Mode)
        {
            case Mode.Embedded:
                FillSqlite();
                break;
            case Mode.Database:
                await FillPostgresAsync();
                await CopyRecordsAsync();
                break;
            default:
                await FillPostgresAsync();
                await FillRedisAsync();
                break;
        }
    }

    private static string Key(int i) => i.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(22, 'k');

    private static DateTimeOffset? Expires(int i) => i % 3 == 0 ? Created.AddDays(1) : i % 10 == 5 ? Created.AddDays(100) : null;

    private IEnumerable<(string Key, byte[] Record, DateTimeOffset? Expires)> Records(bool withExpired)
    {
        var codec = new RecordCodec(new Fernet(deployment.Settings.SessionKeys, TimeProvider.System), TimeProvider.System);
        var user = new UserData
        {
            Name = "Some User",
            Email = "some-user@example.com",
            Uid = 1000,
            Gid = 1000,
            Groups = [new Group("some-group", 1000), new Group("another-group", 1001)],
        };
        for (var i = 1; i <= count; i++)
        {
            if (i % FaultsEvery == 1 || (!withExpired && i % 3 == 0))
                continue;
            var record = new TokenRecord
            {
                Token = new Token(new TokenKey(Key(i)), new string('s', 22)),
                Username = $"user{i % 1000}",
                TokenType = i % 10 == 5 ? TokenType.Notebook : TokenType.User,
                Scopes = i % FaultsEvery == 2 ? ScopeSet.Empty : ScopeSet.Of("read:all", "user:token"),
                Created = Created,
                Expires = Expires(i),
                UserData = user,
            };
            yield return (Key(i), codec.Encrypt(record).Ciphertext, record.Expires);
        }
    }

    private async Task FillPostgresAsync()
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        var created = $"timestamp '{Created.UtcDateTime:yyyy-MM-dd HH:mm:ss}'";
        await postgres.ExecuteAsync(
            deployment.DatabaseName!,
            $"""
            INSERT INTO token (token, username, token_type, token_name, scopes, created, expires)
            SELECT lpad(i::text, 22, 'k'), 'user' || (i % 1000), (CASE WHEN i % 10 = 5 THEN 'notebook' ELSE 'user' END)::tokentype,
                   CASE WHEN i % 10 = 5 THEN NULL ELSE 'name ' || i END, 'read:all,user:token', {created},
                   CASE WHEN i % 3 = 0 THEN {created} + interval '1 day' WHEN i % 10 = 5 THEN {created} + interval '100 days' END
            FROM generate_series(1, {count}) AS i;
            INSERT INTO subtoken (child, parent) SELECT lpad(i::text, 22, 'k'), lpad((i - 1)::text, 22, 'k')
                FROM generate_series(5, {count}, 10) AS i WHERE (i - 1) % 3 <> 0 OR i % 3 = 0;
            ANALYZE token; ANALYZE subtoken
            """);
    }

    private async Task CopyRecordsAsync()
    {
        await using var connection = new NpgsqlConnection(
            (await RealServers.Instance.PostgresAsync()).ConnectionString(deployment.DatabaseName!));
        await connection.OpenAsync();
        await using (var copy = await connection.BeginBinaryImportAsync(
            "COPY porthor_record (token, record, expires) FROM STDIN (FORMAT BINARY)"))
        {
            foreach (var (key, record, expires) in Records(withExpired: true))
            {
                await copy.StartRowAsync();
                await copy.WriteAsync(key, NpgsqlTypes.NpgsqlDbType.Text);
                await copy.WriteAsync(record, NpgsqlTypes.NpgsqlDbType.Bytea);
                if (expires is { } end)
                    await copy.WriteAsync(
                        DateTime.SpecifyKind(end.UtcDateTime, DateTimeKind.Unspecified), NpgsqlTypes.NpgsqlDbType.Timestamp);
                else
                    await copy.WriteNullAsync();
            }
            await copy.CompleteAsync();
        }
        await using var analyze = new NpgsqlCommand("ANALYZE porthor_record", connection);
        await analyze.ExecuteNonQueryAsync();
    }

    private async Task FillRedisAsync()
    {
        var options = deployment.Settings.PersistentRedis!;
        await using var connection = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var redis = connection.GetDatabase(options.Database);
        foreach (var batch in Records(withExpired: false).Chunk(5000))
            await redis.StringSetAsync(
                [.. batch.Select(entry =>
                    new KeyValuePair<StackExchange.Redis.RedisKey, StackExchange.Redis.RedisValue>($"token:{entry.Key}", entry.Record))]);
    }

    private void FillSqlite()
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(deployment.Settings.DataDirectory, "porthor.db")};Pooling=false");
        connection.Open();
        using var transaction = connection.BeginTransaction();
        var created = Created.ToUnixTimeSeconds() * 1_000_000;
        using var rows = connection.CreateCommand();
        rows.CommandTimeout = 600;
        rows.CommandText =
            $"""
            WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})
            INSERT INTO token (token, username, token_type, token_name, scopes, created, expires)
            SELECT substr('kkkkkkkkkkkkkkkkkkkkkk', 1, 22 - length(i)) || i, 'user' || (i % 1000),
                CASE WHEN i % 10 = 5 THEN 'notebook' ELSE 'user' END,
                   CASE WHEN i % 10 = 5 THEN NULL ELSE 'name ' || i END, 'read:all,user:token', {created},
                   CASE WHEN i % 3 = 0 THEN {created + 86_400_000_000} WHEN i % 10 = 5 THEN {created + 8_640_000_000_000} END
            FROM numbers;
            INSERT INTO subtoken (child, parent)
                SELECT token, substr('kkkkkkkkkkkkkkkkkkkkkk', 1, 22 - length(ltrim(token, 'k') - 1)) || (ltrim(token, 'k') - 1)
            FROM token WHERE token_type = 'notebook' AND ((ltrim(token, 'k') - 1) % 3 <> 0 OR ltrim(token, 'k') % 3 = 0);
            """;
        rows.ExecuteNonQuery();
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO porthor_record (token, record, expires) VALUES ($token, $record, $expires)";
        foreach (var name in (string[])["$token", "$record", "$expires"])
            insert.Parameters.AddWithValue(name, DBNull.Value);
        foreach (var (key, record, expires) in Records(withExpired: true))
        {
            insert.Parameters[0].Value = key;
            insert.Parameters[1].Value = record;
            insert.Parameters[2].Value = expires is { } end ? end.ToUnixTimeSeconds() * 1_000_000 : DBNull.Value;
            insert.ExecuteNonQuery();
        }
        transaction.Commit();
    }
}
