using Microsoft.Extensions.Logging;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>The environment variables that are read, and their precedence (contract/configuration.md 1, 2; deviations 11).</summary>
public sealed class EnvironmentVariablesTests
{
    [Fact]
    public void Porthors_variables_override_the_references_and_both_override_the_file()
    {
        const string yaml = "baseUrl: 'https://file.example.com'";
        Load(yaml).BaseUrl!.Host.ShouldBe("file.example.com");
        Load(yaml, ("GAFAELFAWR_BASE_URL", "https://reference.example.com")).BaseUrl!.Host.ShouldBe("reference.example.com");
        Load(yaml, ("GAFAELFAWR_BASE_URL", "https://reference.example.com"), ("PORTHOR_BASE_URL", "https://ours.example.com"))
            .BaseUrl!.Host.ShouldBe("ours.example.com");

        // An empty variable is treated as missing.
        Load(
            yaml, ("GAFAELFAWR_BASE_URL", "https://reference.example.com"),
            ("PORTHOR_BASE_URL", "")).BaseUrl!.Host.ShouldBe("reference.example.com");
        Load(yaml, ("PORTHOR_BASE_URL", "")).BaseUrl!.Host.ShouldBe("file.example.com");
    }

    [Theory]
    [InlineData("PORTHOR_")]
    [InlineData("GAFAELFAWR_")]
    public void Every_setting_with_a_variable_can_be_set_by_it(string prefix)
    {
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        (string, string)[] variables =
        [
            (prefix + "BASE_URL", "https://example.com"), (prefix + "BASE_INTERNAL_URL", "http://porthor:8080"),
            (prefix + "AFTER_LOGOUT_URL", "https://example.com/landing"), (prefix + "BOOTSTRAP_TOKEN", BootstrapToken),
            (prefix + "SESSION_SECRET", SessionSecret), (prefix + "DATABASE_URL", "postgresql://porthor@db.example.com/porthor"),
            (prefix + "DATABASE_PASSWORD", "database-password"), (prefix + "REDIS_PERSISTENT_URL", "redis://persistent"),
            (prefix + "REDIS_EPHEMERAL_URL", "redis://ephemeral/1"), (prefix + "REDIS_PASSWORD", "redis-password"),
            (prefix + "SLACK_WEBHOOK", "https://slack.example.com"), (prefix + "OIDC_CLIENT_SECRET", "oidc-secret"),
            (prefix + "REDIRECT_URL", "https://example.com/login"), (prefix + "LDAP_PASSWORD", "ldap-password"),
            (prefix + "OIDC_SERVER_CLIENT_SUFFIX", ".example.com"), (prefix + "OIDC_SERVER_ISSUER", "https://issuer.example.com/"),
            (prefix + "OIDC_SERVER_KEY", rsa.ExportPkcs8PrivateKeyPem()),
            (prefix + "OIDC_SERVER_CLIENTS", """[{"id":"old","secret":"old-secret","return_uri":"https://old.example/"}]"""),
        ];
        var settings = Load(
            """
            databaseUrl: null
            knownScopes: {"admin:token": "", "admin:userinfo": "", "user:token": ""}
            oidc:
              clientId: some-client
              loginUrl: "https://upstream.example.com/login"
              tokenUrl: "https://upstream.example.com/token"
              issuer: "https://upstream.example.com/"
            ldap: {url: "ldaps://ldap.example.com", userDn: "cn=porthor", groupBaseDn: "dc=groups", userBaseDn: "dc=users"}
            oidcServer: {enabled: true}
            """,
            variables);

        settings.Mode.ShouldBe(DeploymentMode.Cluster);
        (settings.BaseUrl!.Host, settings.BaseInternalUrl!.Port, settings.AfterLogoutUrl!.AbsolutePath)
            .ShouldBe(("example.com", 8080, "/landing"));
        settings.BootstrapToken!.Reveal().ShouldBe(BootstrapToken);
        settings.SessionKeys.ShouldHaveSingleItem().Reveal().ShouldBe(SessionSecret);
        settings.DatabaseConnection!.Reveal().ShouldContain("Password=database-password");
        (settings.PersistentRedis!.Host, settings.PersistentRedis.Password!.Reveal()).ShouldBe(("persistent", "redis-password"));
        (settings.EphemeralRedis!.Host, settings.EphemeralRedis.Database).ShouldBe(("ephemeral", 1));
        settings.Slack.Webhook!.Reveal().ShouldBe("https://slack.example.com");
        settings.Providers.Oidc!.ClientSecret.Reveal().ShouldBe("oidc-secret");
        settings.Providers.Oidc.RedirectUrl!.AbsolutePath.ShouldBe("/login");
        settings.Providers.Ldap!.Password!.Reveal().ShouldBe("ldap-password");
        (settings.OidcServer!.ClientSuffix, settings.OidcServer.Issuer!.Host).ShouldBe((".example.com", "issuer.example.com"));
        settings.OidcServer.OldClients.ShouldHaveSingleItem().Secret.Reveal().ShouldBe("old-secret");

        // The two variables of other providers.
        Load("github: {clientId: some-client}", (prefix + "GITHUB_CLIENT_SECRET", "github-secret")).Providers.GitHub!.ClientSecret.Reveal()
            .ShouldBe("github-secret");
        const string ciLogon = """
            cilogon: {clientId: some-client, redirectUrl: "https://example.com/login"}
            ldap: {url: "ldap://ldap.example.com", groupBaseDn: "dc=groups", userBaseDn: ""}
            """;
        Load(ciLogon, (prefix + "CILOGON_CLIENT_SECRET", "cilogon-secret")).Providers.Oidc!.ClientSecret.Reveal()
            .ShouldBe("cilogon-secret");
    }

    [Fact]
    public void The_file_and_the_data_directory_can_be_set_by_variables()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "logLevel: debug");
            foreach (var prefix in (string[])["PORTHOR_", "GAFAELFAWR_"])
            {
                var settings = SettingsLoader.Load(
                    configPath: null, dataDirectory: null, SettingsScope.Serving,
                    Variables((prefix + "CONFIG_PATH", path), (prefix + "DATA_DIR", "/somewhere/else")));
                (settings.ConfigPath, settings.LogLevel, settings.DataDirectory).ShouldBe((path, LogLevel.Debug, "/somewhere/else"));
            }

            // The command line takes precedence.
            SettingsLoader.Load(path, "/here", SettingsScope.Serving, Variables(
                ("PORTHOR_CONFIG_PATH", "/nowhere"), ("PORTHOR_DATA_DIR", "/there")))
                .DataDirectory.ShouldBe("/here");
            SettingsLoader.Load(
                SettingsLoader.NoFile, dataDirectory: null, SettingsScope.Serving,
                Variables(("PORTHOR_CONFIG_PATH", path))).ConfigPath.ShouldBeNull();
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The reference reads every setting from a variable of the same name, unintentionally.</summary>
    [Fact]
    public void No_other_variable_is_read()
    {
        var settings = Load(
            "tokenLifetime: 1d",
            ("TOKENLIFETIME", "2d"), ("TOKEN_LIFETIME", "2d"), ("tokenLifetime", "2d"),
            ("PORTHOR_TOKEN_LIFETIME", "2d"), ("GAFAELFAWR_TOKEN_LIFETIME", "2d"),
            ("BASE_URL", "https://evil.example"), ("porthor_base_url", "https://evil.example"), ("LOGLEVEL", "DEBUG"),
            ("CLIENT_ID", "evil"));
        settings.Tokens.Lifetime.ShouldBe(TimeSpan.FromDays(1));
        settings.BaseUrl.ShouldBeNull();
        settings.LogLevel.ShouldBe(LogLevel.Information);
        settings.Providers.ShouldBe(new ProviderSettings());
    }

    /// <summary>A mistyped variable for the database must not create a new, empty database.</summary>
    [Theory]
    [InlineData("PORTHOR_DATABASE_UR", "PORTHOR_DATABASE_URL")]
    [InlineData("PORTHOR_DATABASE_URI", "PORTHOR_DATABASE_URL")]
    [InlineData("GAFAELFAWR_DATABSE_URL", "GAFAELFAWR_DATABASE_URL")]
    [InlineData("GAFAELFAWR_SESSIONSECRET", "GAFAELFAWR_SESSION_SECRET")]
    [InlineData("PORTHOR_OIDC_SERVER_KEYS", "PORTHOR_OIDC_SERVER_KEY")]
    public void A_misspelt_variable_is_an_error(string given, string meant) =>
        Errors("", (given, "x")).ShouldBe([$"{given}: is not a known variable. Did you mean {meant}?"]);

    /// <summary>Kubernetes sets variables for every service, also for services with the name of this program.</summary>
    [Theory]
    [InlineData("GAFAELFAWR_PORT", "tcp://10.0.0.1:8080")]
    [InlineData("GAFAELFAWR_SERVICE_HOST", "10.0.0.1")]
    [InlineData("GAFAELFAWR_REDIS_PORT", "tcp://10.0.0.1:6379")]
    [InlineData("GAFAELFAWR_REDIS_EPHEMERAL_PORT", "tcp://10.0.0.1:6379")]
    [InlineData("GAFAELFAWR_REDIS_PERSISTENT_SERVICE_PORT", "6379")]
    [InlineData("GAFAELFAWR_DATABASE_PORT", "tcp://10.0.0.1:5432")]
    [InlineData("PORTHOR_PORT_8080_TCP_ADDR", "10.0.0.1")]
    [InlineData("GAFAELFAWR_ALEMBIC_CONFIG_PATH", "/app/alembic.ini")]
    [InlineData("MY_PORTHOR_DATABASE_UR", "x")]
    [InlineData("PORTHOR", "x")]
    public void Other_variables_with_the_same_prefix_are_ignored(string name, string value) =>
        Load("", (name, value)).Mode.ShouldBe(DeploymentMode.Embedded);
}
