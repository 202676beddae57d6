using Npgsql;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Where the stores are (contract/configuration.md 2, storage.md 2.5, 3.1). CFG-008, CFG-009.</summary>
public sealed class StoreUrlTests
{
    private const string DatabaseWanted = "databaseUrl: must be postgresql://USER@HOST[:PORT]/DATABASE";
    private const string RedisWanted = "redisPersistentUrl: must be redis://HOST[:PORT]/DATABASE, where DATABASE is a number";

    [Theory]
    [InlineData("", "Embedded")]
    [InlineData("databaseUrl: null\nredisPersistentUrl: ''\nredisEphemeralUrl:", "Embedded")]
    [InlineData("databaseUrl: 'postgresql://u@db/porthor'", "Database")]
    [InlineData("databaseUrl: 'postgresql://u@db/porthor'\nredisPersistentUrl: 'redis://r'\nredisEphemeralUrl: 'redis://r/1'", "Cluster")]
    public void The_stores_that_are_given_decide_the_mode(string yaml, string mode) =>
        $"{Load(yaml, SettingsNeed.Stores).Mode}".ShouldBe(mode);

    [Theory]
    [InlineData("postgresql://porthor@db.example.com/porthor", "db.example.com", 5432, "porthor", "porthor", null)]
    [InlineData("postgresql+asyncpg://porthor@db.example.com:5433/porthor", "db.example.com", 5433, "porthor", "porthor", null)]
    [InlineData("postgres://porthor:in-url@db.example.com/porthor", "db.example.com", 5432, "porthor", "porthor", "in-url")]
    [InlineData("postgresql://a%40b:p%3Aa%2Fs%25s@db/my%20data", "db", 5432, "my data", "a@b", "p:a/s%s")]
    [InlineData("postgresql://db/porthor", "db", 5432, "porthor", null, null)]
    public void A_database_is_a_URL(string url, string host, int port, string database, string? user, string? password)
    {
        var connection = Connection($"databaseUrl: '{url}'");
        (connection.Host, connection.Port, connection.Database, connection.Username, connection.Password)
            .ShouldBe((host, port, database, user, password));
    }

    /// <summary>Whatever its characters: it is not part of the URL, and of the driver's text only as a value.</summary>
    [Theory]
    [InlineData("f:b/b@c")]
    [InlineData("a;Host=evil.example;Password=x")]
    [InlineData("quotes ' and \" and = %41")]
    public void A_password_apart_wins_and_is_taken_as_it_is(string password)
    {
        var connection = Connection("databaseUrl: 'postgresql://u:in-url@db/porthor'", ("PORTHOR_DATABASE_PASSWORD", password));
        (connection.Host, connection.Password).ShouldBe(("db", password));
        var redis = Load(Cluster, ("PORTHOR_REDIS_PASSWORD", password));
        (redis.PersistentRedis!.Password!.Reveal(), redis.EphemeralRedis!.Password!.Reveal()).ShouldBe((password, password));
    }

    [Fact]
    public void A_password_without_a_user_is_a_fault() =>
        Faults("databaseUrl: 'postgresql://db/porthor'\ndatabasePassword: 'hidden'", SettingsNeed.Stores)
            .ShouldBe(["databaseUrl: databasePassword is set, but the URL names no user"]);

    [Fact]
    public void Encryption_of_the_connection_can_be_asked_for()
    {
        var connection = Connection("databaseUrl: 'postgresql://u@db/porthor?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem'");
        (connection.SslMode, connection.RootCertificate).ShouldBe((SslMode.VerifyFull, "/etc/ca.pem"));
        foreach (var (parameter, name) in (IEnumerable<(string, string)>)[
            ("sslmode=maybe", "sslmode"), ("sslmode=42", "sslmode"), ("sslmode", "sslmode"), ("application_name=x", "application_name")])
            Faults($"databaseUrl: 'postgresql://u@db/porthor?{parameter}'", SettingsNeed.Stores)
                .ShouldBe([$"databaseUrl: has the parameter '{name}'; known are sslmode and sslrootcert"]);
    }

    [Theory]
    [InlineData("mysql://u@db/porthor")]
    [InlineData("postgresql:///porthor")]
    [InlineData("db.example.com")]
    [InlineData("u@db/porthor")]
    public void What_is_no_database_is_refused(string url) => Faults($"databaseUrl: '{url}'", SettingsNeed.Stores).ShouldBe([DatabaseWanted]);

    [Theory]
    [InlineData("redis://redis.example.com/0", "redis.example.com", 6379, 0, null, null)]
    [InlineData("redis://redis.example.com:6380/15", "redis.example.com", 6380, 15, null, null)]
    [InlineData("redis://redis.example.com", "redis.example.com", 6379, 0, null, null)]
    [InlineData("redis://redis.example.com/", "redis.example.com", 6379, 0, null, null)]
    [InlineData("redis:///3", "localhost", 6379, 3, null, null)]
    [InlineData("redis://:in%2Furl@redis/1", "redis", 6379, 1, null, "in/url")]
    [InlineData("redis://some%40user:in-url@redis/1", "redis", 6379, 1, "some@user", "in-url")] // deviations 17
    public void Redis_is_a_URL(string url, string host, int port, int database, string? user, string? password)
    {
        var redis = Load(Cluster.Replace("redis://redis.example.com/0", url)).PersistentRedis!;
        (redis.Host, redis.Port, redis.Database, redis.User, redis.Password?.Reveal()).ShouldBe((host, port, database, user, password));
    }

    [Theory]
    [InlineData("rediss://redis.example.com/0")]
    [InlineData("redis.example.com")]
    [InlineData("redis://redis.example.com/first")]
    [InlineData("redis://redis.example.com/-1")]
    [InlineData("redis://redis.example.com/0/1")]
    public void What_is_no_Redis_is_refused(string url) => Faults(Cluster.Replace("redis://redis.example.com/0", url)).ShouldBe([RedisWanted]);

    [Theory]
    [InlineData("", 20)]
    [InlineData("databaseConnections: 50", 50)]
    [InlineData("databaseConnections: 0", 2)]
    [InlineData("databaseConnections: 100000", 1000)]
    public void Connections_are_bounded(string yaml, int connections) => Load(yaml).DatabaseConnections.ShouldBe(connections);

    private static NpgsqlConnectionStringBuilder Connection(string yaml, params (string, string)[] variables) =>
        new(Load(yaml, SettingsNeed.Stores, variables).DatabaseConnection!.Reveal());
}
