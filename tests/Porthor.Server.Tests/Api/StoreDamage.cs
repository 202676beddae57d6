using Microsoft.Data.Sqlite;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Damages data in the stores, as an accident or an attacker could.</summary>
internal static class StoreDamage
{
    /// <summary>Deletes the record of a token and keeps its row.</summary>
    public static Task DeleteRecordAsync(this ApiServer server, TokenKey key) => server.Mode == Mode.Cluster
        ? server.RedisAsync(redis => redis.KeyDeleteAsync($"token:{key}"))
        : server.SqlAsync($"DELETE FROM porthor_record WHERE token = '{key}'");

    /// <summary>Deletes the row of a token and keeps its record.</summary>
    public static Task DeleteRowAsync(this ApiServer server, TokenKey key) => server.SqlAsync($"DELETE FROM token WHERE token = '{key}'");

    /// <summary>Replaces a record with another text.</summary>
    public static Task ReplaceRecordAsync(this ApiServer server, TokenKey key, string text) => server.Mode switch
    {
        Mode.Cluster => server.RedisAsync(redis => redis.StringSetAsync($"token:{key}", text)),
        Mode.Database => server.SqlAsync($"UPDATE porthor_record SET record = convert_to('{text}', 'UTF8') WHERE token = '{key}'"),
        _ => server.SqlAsync($"UPDATE porthor_record SET record = CAST('{text}' AS BLOB) WHERE token = '{key}'"),
    };

    /// <summary>Replaces the quota overrides with another text.</summary>
    public static Task ReplaceOverridesAsync(this ApiServer server, string json) => server.Mode == Mode.Cluster
        ? server.RedisAsync(redis => redis.StringSetAsync("quota-overrides", json))
        : server.SqlAsync($"UPDATE porthor_setting SET value = '{json}' WHERE name = 'quota-overrides'");

    /// <summary>Replaces the quota overrides with a Redis list; only in Redis.</summary>
    public static Task PushOverridesAsync(this ApiServer server, string item) =>
        server.RedisAsync(redis => redis.ListRightPushAsync("quota-overrides", item));

    public static async Task SqlAsync(this ApiServer server, string statement)
    {
        if (server.Mode != Mode.Embedded)
        {
            await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(server.Host.Deployment.DatabaseName!, statement);
            return;
        }
        await using var connection = new SqliteConnection($"Data Source={server.Host.Core.DataDirectory!.DatabasePath};Pooling=False");
        await connection.OpenAsync();
        await using var command = new SqliteCommand($"PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; {statement}", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task RedisAsync(this ApiServer server, Func<StackExchange.Redis.IDatabase, Task> work)
    {
        await using var connection = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        await work(connection.GetDatabase(server.Host.Deployment.Settings.PersistentRedis!.Database));
    }
}
