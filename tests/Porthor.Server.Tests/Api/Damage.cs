using Microsoft.Data.Sqlite;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Does to the stores what only an accident or an enemy does.</summary>
internal static class Damage
{
    /// <summary>Takes a token's record out of the record store and leaves it listed.</summary>
    public static Task ForgetRecordAsync(this ApiServer server, TokenKey key) => server.Mode == Mode.Cluster
        ? server.RedisAsync(redis => redis.KeyDeleteAsync($"token:{key}"))
        : server.SqlAsync($"DELETE FROM porthor_record WHERE token = '{key}'");

    /// <summary>Takes a token off the list and leaves its record in the record store.</summary>
    public static Task ForgetRowAsync(this ApiServer server, TokenKey key) => server.SqlAsync($"DELETE FROM token WHERE token = '{key}'");

    /// <summary>Puts something else into the record store in a record's place.</summary>
    public static Task SpoilRecordAsync(this ApiServer server, TokenKey key, string text) => server.Mode switch
    {
        Mode.Cluster => server.RedisAsync(redis => redis.StringSetAsync($"token:{key}", text)),
        Mode.Database => server.SqlAsync($"UPDATE porthor_record SET record = convert_to('{text}', 'UTF8') WHERE token = '{key}'"),
        _ => server.SqlAsync($"UPDATE porthor_record SET record = CAST('{text}' AS BLOB) WHERE token = '{key}'"),
    };

    /// <summary>Puts something else in the quota overrides' place.</summary>
    public static Task SpoilOverridesAsync(this ApiServer server, string json) => server.Mode == Mode.Cluster
        ? server.RedisAsync(redis => redis.StringSetAsync("quota-overrides", json))
        : server.SqlAsync($"UPDATE porthor_setting SET value = '{json}' WHERE name = 'quota-overrides'");

    /// <summary>Puts a list where the quota overrides are; only in Redis.</summary>
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
