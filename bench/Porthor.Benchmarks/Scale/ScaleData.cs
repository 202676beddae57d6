using System.Globalization;
using Npgsql;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Benchmarks.Scale;

/// <summary>Inserts the data of a <see cref="ScaleShape"/> directly into the stores, and makes some of them inconsistent.</summary>
internal sealed class ScaleData(ScaleShape shape, string connectionString, IDatabase redis, FernetKey sessionKey, TextWriter progress)
{
    private const int Batch = 5000;
    private readonly RecordCodec codec = new(new Fernet([sessionKey], TimeProvider.System), TimeProvider.System);

    public Task FillAsync() => Task.WhenAll(Task.Run(FillTokenIndexAsync), Task.Run(FillRecordStoreAsync));

    /// <summary>
    /// Changes the data as if about half of the tokens had expired and the first tenth of the history were older than a year: the record
    /// store has deleted the expired tokens, and the token index has not. Returns their number.
    /// </summary>
    public async Task<int> LetTimePassAsync()
    {
        await ExecuteAsync($"UPDATE token SET expires = now() at time zone 'UTC' - interval '1 hour' WHERE expires = '{Text(shape.Due)}'");
        await ExecuteAsync(
            $"""
            UPDATE token_change_history SET event_time = event_time - interval '100 days'
            WHERE event_time >= '{Text(shape.TimeOf(0))}' AND event_time < '{Text(shape.TimeOf(shape.Changes / 10))}'
            """);
        await ExecuteAsync("VACUUM ANALYZE");
        await ExecuteAsync("CHECKPOINT");
        var due = Enumerable.Range(0, shape.Count).Where(shape.IsDue).ToArray();
        await DeleteRecordsAsync(due);
        return due.Length;
    }

    /// <summary>
    /// Removes the records of some tokens and the rows of others, and gives others more scopes than their records have, in turns, until the
    /// number of findings is reached. Does not change the families.
    /// </summary>
    public async Task SpoilAsync(int errors)
    {
        // Only users' own tokens, which have no children.
        var every = shape.Count / 10 * 3 / (errors + 1);
        int[] spoilt = [.. Enumerable.Range(1, errors).Select(n => n * every)];
        await DeleteRecordsAsync([.. spoilt.Where((_, n) => n % 2 == 0)]);
        string KeysWhere(int turn) => string.Join(',', spoilt.Where((_, n) => n % 4 == turn).Select(i => $"'{ScaleShape.KeyOf(i)}'"));
        await ExecuteAsync($"DELETE FROM token WHERE token IN ({KeysWhere(1)})");
        await ExecuteAsync($"UPDATE token SET scopes = 'exec:notebook,' || scopes WHERE token IN ({KeysWhere(3)})");
    }

    private async Task DeleteRecordsAsync(int[] tokens)
    {
        foreach (var batch in tokens.Chunk(Batch))
            await redis.KeyDeleteAsync([.. batch.Select(i => (RedisKey)$"token:{ScaleShape.KeyOf(i)}")]);
    }

    private async Task FillRecordStoreAsync()
    {
        var now = DateTimeOffset.UtcNow;
        foreach (var batch in Enumerable.Range(0, shape.Count).Chunk(Batch))
        {
            await Task.WhenAll(batch.Select(i =>
            {
                var record = shape.RecordOf(i);
                return redis.StringSetAsync(
                    $"token:{record.Token.Key}", codec.Encrypt(record).Ciphertext, record.Expires - now, When.Always);
            }));
            Tell("records", batch[^1] + 1, shape.Count);
        }
    }

    private async Task FillTokenIndexAsync()
    {
        await CopyAsync(
            "token (token, username, token_type, token_name, scopes, service, created, expires)",
            shape.Count,
            i =>
            {
                var record = shape.RecordOf(i);
                return $"{record.Token.Key}\t{record.Username}\t{record.TokenType.ToText()}\t{shape.NameOf(i) ?? @"\N"}\t"
                    + $"{record.Scopes.Text}\t{record.Service ?? @"\N"}\t{Text(record.Created)}\t{Text(record.Expires)}\n";
            });
        await CopyAsync(
            "subtoken (child, parent)", shape.Count,
            i => shape.ParentOf(i) is { } parent ? $"{ScaleShape.KeyOf(i)}\t{ScaleShape.KeyOf(parent)}\n" : null);
        // Creating an index afterwards is faster than updating it.
        var indexes = await IndexesAsync();
        foreach (var name in indexes.Keys)
            await ExecuteAsync($"DROP INDEX {name}");
        await CopyAsync(
            "token_change_history (token, username, token_type, token_name, parent, scopes, service, expires, actor, action, ip_address, "
            + "event_time)",
            shape.Changes,
            Change);
        foreach (var (name, definition) in indexes)
        {
            await progress.WriteLineAsync($"index {name}");
            await ExecuteAsync("SET maintenance_work_mem = '512MB'; " + definition);
        }
        await ExecuteAsync("VACUUM ANALYZE");
        await ExecuteAsync("CHECKPOINT");
    }

    private string Change(int change)
    {
        var (address, time) = ($"192.0.{change % 250}.{change / 250 % 250}", Text(shape.TimeOf(change)));
        if (shape.MadeBy(change) is not { } i)
        {
            var (key, username, removed) = shape.GoneBy(change);
            return removed
                ? $"{key}\t{username}\tsession\t\\N\t\\N\texec:notebook,read:all,user:token\t\\N\t{time}\t<internal>\texpire\t\\N\t{time}\n"
                : $"{key}\t{username}\tsession\t\\N\t\\N\texec:notebook,read:all,user:token\t\\N\t{time}\t"
                    + $"{username}\tcreate\t{address}\t{time}\n";
        }
        var record = shape.RecordOf(i);
        var parent = shape.ParentOf(i) is { } p ? ScaleShape.KeyOf(p).Value : @"\N";
        return $"{record.Token.Key}\t{record.Username}\t{record.TokenType.ToText()}\t{shape.NameOf(i) ?? @"\N"}\t{parent}\t"
            + $"{record.Scopes.Text}\t{record.Service ?? @"\N"}\t{Text(record.Expires)}\t{record.Username}\tcreate\t{address}\t{time}\n";
    }

    private async Task CopyAsync(string into, int rows, Func<int, string?> row)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        // The data are consistent, and checking the foreign keys of each row would take minutes.
        await using (var trust = new NpgsqlCommand("SET session_replication_role = replica", connection))
            await trust.ExecuteNonQueryAsync();
        await using var copy = await connection.BeginTextImportAsync($"COPY {into} FROM STDIN");
        for (var i = 0; i < rows; i++)
        {
            if (row(i) is { } line)
                await copy.WriteAsync(line);
            if ((i + 1) % 500_000 == 0)
                Tell(into.Split(' ')[0], i + 1, rows);
        }
    }

    private async Task<Dictionary<string, string>> IndexesAsync()
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'token_change_history' AND indexname NOT LIKE '%_pkey'",
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        Dictionary<string, string> indexes = [];
        while (await reader.ReadAsync())
            indexes.Add(reader.GetString(0), reader.GetString(1));
        return indexes;
    }

    private async Task ExecuteAsync(string script)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(script, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    private void Tell(string what, int done, int of)
    {
        if (done % 500_000 == 0 || done == of)
            progress.WriteLine($"{what}: {done:N0} of {of:N0}");
    }

    private static string Text(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? @"\N";
}
