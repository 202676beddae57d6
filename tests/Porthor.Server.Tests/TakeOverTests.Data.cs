using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;
using StackExchange.Redis;

namespace Porthor.Server.Tests;

public sealed partial class TakeOverTests
{
    private static async Task<TestServer> TakeOverAsync(JsonElement fixture)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        return await TestServer.StartAsync(Mode.Cluster, settings =>
        {
            var database = new Npgsql.NpgsqlConnectionStringBuilder(settings.DatabaseConnection!.Reveal()).Database!;
            postgres.ExecuteAsync(database, File.ReadAllText(Path.Combine(Folder!, "database.sql"))).GetAwaiter().GetResult();
            LoadRedisAsync(settings).GetAwaiter().GetResult();
            return settings with
            {
                SessionKeys = [FernetKey.TryParse(fixture.GetProperty("sessionSecret").GetString())!],
                BootstrapToken = Token.Parse(fixture.GetProperty("bootstrapToken").GetString()!),
                Tokens = new TokenOptions
                {
                    Lifetime = TimeSpan.FromDays(36500),
                    KnownScopes = Deployment.KnownScopes.Append(new("exec:portal", "")).Append(new("write:files", "")).ToDictionary(),
                },
            };
        });
    }

    private static async Task LoadRedisAsync(PorthorSettings settings)
    {
        using var data = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder!, "redis.json")));
        await using var connection = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var redis = connection.GetDatabase(settings.PersistentRedis!.Database);
        foreach (var entry in data.RootElement.GetProperty("persistent").EnumerateObject())
            await redis.StringSetAsync(entry.Name, entry.Value.GetString());
    }

    private static async Task<TokenKey> CreateOrphanAsync(TestServer server)
    {
        var record = new TokenRecord
        {
            Token = Token.Create(),
            Username = "nobody",
            TokenType = TokenType.User,
            Scopes = ScopeSet.Of("read:all"),
            Created = DateTimeOffset.UtcNow.TruncateToSeconds(),
        };
        var codec = new Storage.RecordCodec(new Fernet(server.Core.SessionKeys, TimeProvider.System), TimeProvider.System);
        await (await RedisOfAsync(server)).StringSetAsync($"token:{record.Token.Key}", codec.Encrypt(record).Ciphertext);
        return record.Token.Key;
    }

    private static async Task<IDatabase> RedisOfAsync(TestServer server)
    {
        var connection = server.Deployment.Own(await (await RealServers.Instance.RedisAsync()).ConnectAsync());
        return connection.GetDatabase(server.Deployment.Settings.PersistentRedis!.Database);
    }
}
