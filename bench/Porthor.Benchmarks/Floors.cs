using Microsoft.Data.Sqlite;
using Npgsql;
using Porthor.Testing;
using StackExchange.Redis;

namespace Porthor.Benchmarks;

/// <summary>
/// The lower bounds for an operation on the stores of a mode: the same bytes are written and committed, or read by key, with the same
/// driver and no other work.
/// </summary>
internal abstract class Floors : IAsyncDisposable
{
    /// <summary>Inserts and commits rows with the approximate size of a token, its record and its change.</summary>
    public abstract Task InsertAsync();

    /// <summary>Reads a record from the record store by key.</summary>
    public abstract Task ReadRecordAsync(string key);

    /// <summary>Reads rows of the history by primary key.</summary>
    public abstract Task ReadHistoryAsync(long[] ids);

    /// <summary>Reads rows of tokens by primary key.</summary>
    public abstract Task ReadTokensAsync(string[] keys);

    public abstract ValueTask DisposeAsync();

    public static async Task<Floors> CreateAsync(Deployment deployment)
    {
        if (deployment.Mode == Mode.Embedded)
            return new SqliteFloors(Path.Combine(deployment.Settings.DataDirectory, "porthor.db"));
        var source = NpgsqlDataSource.Create(deployment.Settings.DatabaseConnection!.Reveal());
        IDatabase? redis = null;
        if (deployment.Settings.PersistentRedis is { } options)
            redis = (await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{options.Port}")).GetDatabase(options.Database);
        await using var create = source.CreateCommand("CREATE TABLE IF NOT EXISTS floor (id bigserial PRIMARY KEY, payload text NOT NULL)");
        await create.ExecuteNonQueryAsync();
        return new PostgresFloors(source, redis);
    }

    protected static readonly string Payload = new('x', 1000);

    private sealed class PostgresFloors(NpgsqlDataSource source, IDatabase? redis) : Floors
    {
        public override async Task InsertAsync()
        {
            await using var command = source.CreateCommand("INSERT INTO floor (payload) VALUES ($1)");
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Payload });
            await command.ExecuteNonQueryAsync();
        }

        public override async Task ReadRecordAsync(string key)
        {
            if (redis is not null)
            {
                await redis.StringGetAsync($"token:{key}");
                return;
            }
            await using var connection = await source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand("SELECT record FROM porthor_record WHERE token = $1", connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
            await command.PrepareAsync();
            await command.ExecuteScalarAsync();
        }

        public override Task ReadHistoryAsync(long[] ids) => ReadAsync("SELECT * FROM token_change_history WHERE id = ANY($1)", ids);

        public override Task ReadTokensAsync(string[] keys) => ReadAsync("SELECT * FROM token WHERE token = ANY($1)", keys);

        public override async ValueTask DisposeAsync()
        {
            await source.DisposeAsync();
            if (redis is not null)
                await redis.Multiplexer.DisposeAsync();
        }

        private async Task ReadAsync<T>(string sql, T[] keys)
        {
            await using var command = source.CreateCommand(sql);
            command.Parameters.AddWithValue(keys);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                for (var i = 0; i < reader.FieldCount; i++)
                    _ = reader.IsDBNull(i) ? null : reader.GetDataTypeName(i) is "-.-" or "public.tokentype" or "public.tokenchange"
                        ? null : reader.GetValue(i);
            }
        }
    }

    private sealed class SqliteFloors : Floors
    {
        private readonly SqliteConnection connection;
        private readonly SqliteCommand insert;
        private readonly SqliteCommand read;

        public SqliteFloors(string path)
        {
            connection = new SqliteConnection($"Data Source={path};Pooling=false");
            connection.Open();
            Execute(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS floor (id integer PRIMARY KEY, payload text "
                + "NOT NULL)");
            insert = Prepare("INSERT INTO floor (payload) VALUES ($1)", Payload);
            read = Prepare("SELECT record FROM porthor_record WHERE token = $1", "");
        }

        public override Task InsertAsync()
        {
            insert.ExecuteNonQuery();
            return Task.CompletedTask;
        }

        public override Task ReadRecordAsync(string key)
        {
            read.Parameters[0].Value = key;
            using var reader = read.ExecuteReader();
            reader.Read();
            _ = reader.GetFieldValue<byte[]>(0);
            return Task.CompletedTask;
        }

        public override Task ReadHistoryAsync(long[] ids) =>
            ReadAsync("SELECT * FROM token_change_history WHERE id IN (SELECT value FROM json_each($1))", $"[{string.Join(',', ids)}]");

        public override Task ReadTokensAsync(string[] keys) =>
            ReadAsync(
                "SELECT * FROM token WHERE token IN (SELECT value FROM json_each($1))",
                $"[{string.Join(',', keys.Select(key => $"\"{key}\""))}]");

        public override ValueTask DisposeAsync() => connection.DisposeAsync();

        private Task ReadAsync(string sql, string keys)
        {
            using var command = Prepare(sql, keys);
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                for (var i = 0; i < reader.FieldCount; i++)
                    _ = reader.GetValue(i);
            }
            return Task.CompletedTask;
        }

        private SqliteCommand Prepare(string sql, object value)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            command.Parameters.AddWithValue("$1", value);
            return command;
        }

        private void Execute(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
