using Npgsql;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>The URLs of the stores (contract/configuration.md 2, storage.md 2.5, 3.1). CFG-008, CFG-009.</summary>
public sealed partial class StoreUrlTests
{
    private const string DatabaseWanted = "databaseUrl: must be postgresql://USER@HOST[:PORT]/DATABASE";
    private const string RedisWanted = "redisPersistentUrl: must be redis://HOST[:PORT]/DATABASE, where DATABASE is a number";

    [Theory]
    [InlineData("", "Embedded")]
    [InlineData("databaseUrl: null\nredisPersistentUrl: ''\nredisEphemeralUrl:", "Embedded")]
    [InlineData("databaseUrl: 'postgresql://u@db/porthor'", "Database")]
    [InlineData("databaseUrl: 'postgresql://u@db/porthor'\nredisPersistentUrl: 'redis://r'\nredisEphemeralUrl: 'redis://r/1'", "Cluster")]
    public void The_configured_stores_determine_the_mode(string yaml, string mode) =>
        $"{Load(yaml, SettingsScope.Stores).Mode}".ShouldBe(mode);

    [Theory]
    [InlineData("postgresql://porthor@db.example.com/porthor", "db.example.com", 5432, "porthor", "porthor", null)]
    [InlineData("postgresql+asyncpg://porthor@db.example.com:5433/porthor", "db.example.com", 5433, "porthor", "porthor", null)]
    [InlineData("postgres://porthor:in-url@db.example.com/porthor", "db.example.com", 5432, "porthor", "porthor", "in-url")]
    [InlineData("postgresql://a%40b:p%3Aa%2Fs%25s@db/my%20data", "db", 5432, "my data", "a@b", "p:a/s%s")]
    [InlineData("postgresql://db/porthor", "db", 5432, "porthor", null, null)]
    [InlineData("postgresql+psycopg2://porthor@db/porthor", "db", 5432, "porthor", "porthor", null)]
    [InlineData("postgresql://db/porthor?user=porthor&password=in%26url&port=5433", "db", 5433, "porthor", "porthor", "in&url")]
    [InlineData("postgresql://[2001:db8::1]:5433/porthor", "2001:db8::1", 5433, "porthor", null, null)]
    [InlineData("postgresql://u@[::1]/porthor", "::1", 5432, "porthor", "u", null)]
    [InlineData("postgresql:///porthor?host=/run/postgresql", "/run/postgresql", 5432, "porthor", null, null)]
    [InlineData("postgresql://porthor@/porthor?host=/run/postgresql&port=5433", "/run/postgresql", 5433, "porthor", "porthor", null)]
    [InlineData("postgresql://porthor:p%40ss@%2Frun%2Fpostgresql:5433/porthor", "/run/postgresql", 5433, "porthor", "porthor", "p@ss")]
    [InlineData("postgresql://?host=db&dbname=porthor&user=porthor", "db", 5432, "porthor", "porthor", null)]
    [InlineData("postgresql://u@db1,db2:5433,[::1]/porthor", "db1:5432,db2:5433,[::1]:5432", 5432, "porthor", "u", null)]
    [InlineData("postgresql://u@/porthor?host=db1,db2&port=5433,5434", "db1:5433,db2:5434", 5432, "porthor", "u", null)]
    [InlineData("postgresql://u@/porthor?host=db1,db2&port=5433&target_session_attrs=primary", "db1:5433,db2:5433", 5432,
        "porthor", "u", null)]
    [InlineData("postgresql://u@db1,db2/porthor?target_session_attrs=read-write", "db1:5432,db2:5432", 5432, "porthor", "u", null)]
    public void A_database_is_a_URL(string url, string host, int port, string database, string? user, string? password)
    {
        var connection = Connection($"databaseUrl: '{url}'");
        (connection.Host, connection.Port, connection.Database, connection.Username, connection.Password)
            .ShouldBe((host, port, database, user, password));
    }

    /// <summary>
    /// The password can have any characters. It is not part of the URL, and only a value in the driver's connection string.
    /// </summary>
    [Theory]
    [InlineData("f:b/b@c")]
    [InlineData("a;Host=evil.example;Password=x")]
    [InlineData("quotes ' and \" and = %41")]
    public void A_separate_password_overrides_the_URL_and_is_used_unchanged(string password)
    {
        var connection = Connection("databaseUrl: 'postgresql://u:in-url@db/porthor'", ("PORTHOR_DATABASE_PASSWORD", password));
        (connection.Host, connection.Password).ShouldBe(("db", password));
        var redis = Load(Cluster, ("PORTHOR_REDIS_PASSWORD", password));
        (redis.PersistentRedis!.Password!.Reveal(), redis.EphemeralRedis!.Password!.Reveal()).ShouldBe((password, password));
    }

    [Fact]
    public void A_password_without_a_user_is_an_error() =>
        Errors("databaseUrl: 'postgresql://db/porthor'\ndatabasePassword: 'hidden'", SettingsScope.Stores)
            .ShouldBe(["databaseUrl: databasePassword is set, but the URL names no user"]);

    [Fact]
    public void Encryption_of_the_connection_can_be_required()
    {
        var connection = Connection("databaseUrl: 'postgresql://u@db/porthor?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem'");
        (connection.SslMode, connection.RootCertificate).ShouldBe((SslMode.VerifyFull, "/etc/ca.pem"));
        var socket = Connection(
            "databaseUrl: 'postgresql://u@db/porthor?ssl=require&application_name=my%20app&options=-c%20geqo%3Doff&connect_timeout=3'");
        (socket.SslMode, socket.ApplicationName, socket.Options, socket.Timeout).ShouldBe((SslMode.Require, "my app", "-c geqo=off", 3));
    }

    [Theory]
    [InlineData("sslmode=maybe", "has the parameter 'sslmode'; it must be disable, allow, prefer, require, verify-ca, verify-full")]
    [InlineData("sslmode=42", "has the parameter 'sslmode'; it must be disable, allow, prefer, require, verify-ca, verify-full")]
    [InlineData("sslmode=VerifyFull", "has the parameter 'sslmode'; it must be disable, allow, prefer, require, verify-ca, verify-full")]
    [InlineData("sslmode", "has the parameter 'sslmode'; known are ")]
    [InlineData("sslMode=require", "has the parameter 'sslMode'; known are ")]
    [InlineData("pool_size=5", "has the parameter 'pool_size'; known are ")]
    [InlineData("Host=evil", "has the parameter 'Host'; known are ")]
    [InlineData("connect_timeout=0", "has the parameter 'connect_timeout'; it must be a number of seconds from 1 to 30")]
    [InlineData("connect_timeout=x", "has the parameter 'connect_timeout'; it must be a number of seconds from 1 to 30")]
    [InlineData("target_session_attrs=any", "has the parameter 'target_session_attrs'; it must be primary or read-write")]
    [InlineData("target_session_attrs=standby", "has the parameter 'target_session_attrs'; it must be primary or read-write")]
    [InlineData("port=0", "has a port that is not a number from 1 to 65535")]
    [InlineData("port=1,2", "has several ports, but not one for each host")]
    public void A_parameter_that_is_unknown_or_wrong_is_an_error(string parameter, string error) =>
        Errors($"databaseUrl: 'postgresql://u@db/porthor?{parameter}'", SettingsScope.Stores).Single()
            .ShouldStartWith($"databaseUrl: {error}");

    [Theory]
    [InlineData("mysql://u@db/porthor")]
    [InlineData("postgresql:///porthor")]
    [InlineData("db.example.com")]
    [InlineData("u@db/porthor")]
    [InlineData("postgresql://u@db:x/porthor")]
    [InlineData("postgresql://u@db1,/porthor")]
    [InlineData("postgresql+pg8000://u@db/porthor")]
    public void An_invalid_database_URL_is_rejected(string url) =>
        Errors($"databaseUrl: '{url}'", SettingsScope.Stores).Single().ShouldBeOneOf(
            DatabaseWanted, "databaseUrl: has a port that is not a number from 1 to 65535");

    [Theory]
    [InlineData("", 20)]
    [InlineData("databaseConnections: 50", 50)]
    [InlineData("databaseConnections: 2", 2)]
    [InlineData("databaseConnections: 1000", 1000)]
    public void The_number_of_connections_is_configurable(string yaml, int connections) =>
        Load(yaml).DatabaseConnections.ShouldBe(connections);

    [Theory]
    [InlineData("1")]
    [InlineData("1001")]
    [InlineData("-5")]
    [InlineData("9000000000")]
    public void A_number_of_connections_out_of_range_is_rejected(string count) =>
        Errors($"databaseConnections: {count}").ShouldBe([$"databaseConnections: '{count}': must be a number from 2 to 1000"]);

    private static NpgsqlConnectionStringBuilder Connection(string yaml, params (string, string)[] variables) =>
        new(Load(yaml, SettingsScope.Stores, variables).DatabaseConnection!.Reveal());
}
