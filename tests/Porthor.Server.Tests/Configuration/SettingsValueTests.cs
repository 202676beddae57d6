using Microsoft.Extensions.Logging;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>The effect of valid settings. CFG-001, CFG-009 and the valid cases of the other CFG scenarios.</summary>
public sealed partial class SettingsValueTests
{
    [Fact]
    public void Without_a_configuration_the_defaults_work()
    {
        var settings = Load("");
        settings.Mode.ShouldBe(DeploymentMode.Embedded);
        settings.DataDirectory.ShouldBe(Path.GetFullPath("porthor-data"));
        (settings.BaseUrl, settings.AfterLogoutUrl, settings.BootstrapToken, settings.Quota, settings.OidcServer)
            .ShouldBe((null, null, null, null, null));
        (settings.SessionKeys.Count, settings.Proxies.Count).ShouldBe((0, 0));
        (settings.AllowSubdomains, settings.LogLevel, settings.Slack).ShouldBe((false, LogLevel.Information, new SlackSettings()));
        settings.Tokens.KnownScopes.Keys.ShouldBe(
            ["admin:token", "admin:userinfo", "admin:oidc", "user:token", "read:all", "exec:notebook", "exec:portal"], ignoreOrder: true);
    }

    /// <summary>Deviations 47.</summary>
    [Theory]
    [InlineData("logLevel: INFO\nproxies: []\nlogLevel: DEBUG", "logLevel is set twice, in line 1 and in line 3")]
    [InlineData("tokenPolicy:\n  maxUserLifetime: 1d\n  maxUserLifetime: 2d",
        "tokenPolicy.maxUserLifetime is set twice, in line 2 and in line 3")]
    [InlineData("tokenPolicy: {maxUserLifetime: 1d}\n\ntokenPolicy: {}", "tokenPolicy is set twice, in line 1 and in line 3")]
    [InlineData("{logLevel: INFO, \"logLevel\": DEBUG}", "logLevel is set twice, in line 1 and in line 1")]
    public void A_duplicate_key_is_one_error(string yaml, string expected) => Errors(yaml).ShouldBe([expected]);

    /// <summary>CFG-001: migrations and audits need only the store settings.</summary>
    [Fact]
    public void A_command_needs_only_the_store_settings_and_reports_all_errors()
    {
        const string stores = "databaseUrl: 'postgresql://u@db/porthor'\nredisPersistentUrl: 'redis://r'\nredisEphemeralUrl: 'redis://r/1'";
        const string scopes = "\nknownScopes: {'admin:token': '', 'admin:userinfo': '', 'user:token': ''}";
        Load(stores, SettingsScope.Stores).Mode.ShouldBe(DeploymentMode.Cluster);
        Errors(stores + scopes, SettingsScope.Serving).ShouldBe([
            "baseUrl: Field required (or set PORTHOR_BASE_URL)", "sessionSecret: Field required (or set PORTHOR_SESSION_SECRET)",
            "No authentication provider configured"]);

        // A job that updates the schema has the complete file, but not the secrets of other settings.
        const string rest =
            """

            oidc: {clientId: a, loginUrl: "https://a/", tokenUrl: "https://b/", issuer: "https://c"}
            ldap: {url: "ldap://ldap", userDn: "cn=porthor", groupBaseDn: "dc=groups", userBaseDn: "dc=users"}
            oidcServer: {enabled: true}
            """;
        Load(stores + scopes + rest, SettingsScope.Stores).Mode.ShouldBe(DeploymentMode.Cluster);
        Errors(stores + scopes + rest, SettingsScope.Serving).Length.ShouldBe(8);
        Errors(stores + rest + "\nlogLevel: loud", SettingsScope.Stores).ShouldBe(
            ["logLevel: 'loud': must be DEBUG, INFO, WARNING, ERROR or CRITICAL"]);
    }

    /// <summary>Deviations 31.</summary>
    [Fact]
    public void A_session_secret_can_have_several_keys_of_which_the_first_encrypts()
    {
        const string other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        Load($"sessionSecret: '{SessionSecret}'").SessionKeys.Select(key => key.Reveal()).ShouldBe([SessionSecret]);
        Load($"sessionSecret: ' {other} , {SessionSecret},'").SessionKeys.Select(key => key.Reveal()).ShouldBe([other, SessionSecret]);
    }

    [Fact]
    public void Groups_can_be_GitHub_teams()
    {
        var settings = Load(
            """
            groupMapping:
              "exec:portal": ["test", {github: {organization: "ORG", team: "a-team"}}]
              "read:all": [{github: {organization: "other-org", team: "team-with-very-long-name"}}]
            """);
        settings.GroupMapping["exec:portal"].ShouldBe(["test", "org-a-team"]);
        settings.GroupMapping["read:all"].ShouldBe(["other-org-team-with-very--F279yg"]);
    }

    /// <summary>Settings of the reference that have no effect in Porthor.</summary>
    [Fact]
    public void Settings_that_only_the_reference_has_are_accepted() => Load(
        """
        internalDatabase: true
        updateSchema: false
        metrics: {enabled: false, application: gafaelfawr, anything: {else: 1}}
        sentry: {enabled: false}
        """).ShouldNotBeNull();

    /// <summary>Settings can be logged or printed, so their text form must not contain secrets.</summary>
    [Fact]
    public void Settings_print_no_secret()
    {
        const string hidden = "hidden-value";
        var yaml = Cluster.Replace("github-secret", hidden).Replace("porthor@", $"porthor:{hidden}@") + $$"""
            bootstrapToken: "{{BootstrapToken}}"
            redisPassword: "{{hidden}}"
            slackWebhook: "{{hidden}}"
            """;
        var settings = Load(yaml);
        var printed = string.Join(
            '\n', settings, settings.Providers.GitHub, settings.PersistentRedis, settings.Slack, string.Join(',', settings.SessionKeys));
        printed.ShouldNotContain(hidden);
        printed.ShouldNotContain(SessionSecret);
        printed.ShouldNotContain(BootstrapToken.Split('.')[1]);
        printed.ShouldContain("ClientSecret = ***");
        settings.PersistentRedis!.Password!.Reveal().ShouldBe(hidden);
    }
}
