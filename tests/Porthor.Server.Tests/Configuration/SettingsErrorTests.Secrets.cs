using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class SettingsErrorTests
{
    /// <summary>Errors are written to logs and terminals.</summary>
    [Fact]
    public void No_error_contains_a_secret()
    {
        const string hidden = "hidden-value";
        var yaml = $$"""
            databaseUrl: "postgresql://user:{{hidden}}@db.example.com/porthor?bad=1"
            databasePassword: ["{{hidden}}"]
            redisPersistentUrl: "redis://:{{hidden}}@redis.example.com/x"
            redisEphemeralUrl: "https://:{{hidden}}@redis.example.com/0"
            bootstrapToken: "gt-{{hidden}}"
            sessionSecret: "{{hidden}},{{hidden}}"
            slackWebhook: {url: "{{hidden}}"}
            oidcServer: {enabled: true, key: "{{hidden}}", clients: "{{hidden}}"}
            ldap: {url: "ldap://ldap.example.com", userDn: "cn=porthor", password: ["{{hidden}}"]}
            """;
        var errors = Errors(yaml);
        errors.Length.ShouldBeGreaterThan(9);
        string.Join('\n', errors).ShouldNotContain(hidden);
    }

    [Theory]
    [InlineData(",")]
    [InlineData(" , ")]
    [InlineData("short")]
    [InlineData(SessionSecret + ",short")]
    public void A_session_secret_consists_of_one_or_more_keys(string secret)
    {
        Errors(Cluster.Replace(SessionSecret, secret)).ShouldBe([$"sessionSecret: {FernetKeyWanted}"]);
        // Without this error, embedded mode would create a new secret, and existing sessions would become invalid.
        Errors("", ("PORTHOR_SESSION_SECRET", secret)).ShouldBe([$"sessionSecret: {FernetKeyWanted}"]);
    }

    [Fact]
    public void Redis_requires_both_URLs_and_a_database()
    {
        Errors("redisPersistentUrl: 'redis://redis'\nredisEphemeralUrl: 'redis://redis/1'").ShouldContain(
            "Redis is configured, but databaseUrl is not set");
        foreach (var key in (string[])["redisPersistentUrl", "redisEphemeralUrl"])
            Errors(string.Join('\n', Cluster.Split('\n').Where(line => !line.StartsWith(key, StringComparison.Ordinal))))
                .ShouldBe(["redisPersistentUrl and redisEphemeralUrl must both be set, or neither"]);
    }
}
