using Microsoft.Extensions.Logging;
using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Tokens;
using Porthor.Values;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>The effect of valid settings. CFG-001, CFG-009 and the valid cases of the other CFG scenarios.</summary>
public sealed class SettingsValueTests
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

    [Fact]
    public void Time_limits_have_defaults_and_ranges()
    {
        var settings = Load("");
        (settings.AnswerTimeout, settings.ApiTimeout, settings.StartTimeout, settings.ShutdownDelay)
            .ShouldBe((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.Zero));
        // With other nodes, a node waits before it stops, so that proxies can switch to them.
        Load("databaseUrl: 'postgresql://u@db/porthor'", SettingsScope.Stores).ShutdownDelay.ShouldBe(TimeSpan.FromSeconds(1));
        settings = Load("answerTimeout: 0.5\napiTimeout: 1m\nstartTimeout: 0\nshutdownDelay: 10s");
        (settings.AnswerTimeout, settings.ApiTimeout, settings.StartTimeout, settings.ShutdownDelay)
            .ShouldBe((TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(1), TimeSpan.Zero, TimeSpan.FromSeconds(10)));
        Errors("answerTimeout: 0\napiTimeout: 0.5\nstartTimeout: 2h\nshutdownDelay: 61").ShouldBe([
            "answerTimeout: '0': must be from 0.1 to 30 seconds", "apiTimeout: '0.5': must be from 1 to 300 seconds",
            "startTimeout: '2h': must be from 0 to 3600 seconds", "shutdownDelay: '61': must be from 0 to 60 seconds"]);
    }

    [Fact]
    public void Limits_on_tokens_have_defaults_and_ranges()
    {
        Load("").Tokens.Limits.ShouldBe(new TokenLimits { Live = 1000, CreationsPerMinute = 60 });
        Load("tokenLimits: {}").Tokens.Limits.ShouldBe(new TokenLimits { Live = 1000, CreationsPerMinute = 60 });
        Load("tokenLimits: {live: 5}").Tokens.Limits.ShouldBe(new TokenLimits { Live = 5, CreationsPerMinute = 60 });
        Load("tokenLimits: {live: 0, creationsPerMinute: 0}").Tokens.Limits.Any.ShouldBeFalse();
        Errors("tokenLimits: {live: -1, creationsPerMinute: 1000001, lives: 1}").ShouldBe(
            [
                "tokenLimits.live: '-1': must be from 0 (no limit) to 1000000",
                "tokenLimits.creationsPerMinute: '1000001': must be from 0 (no limit) to 1000000",
                "tokenLimits.lives: Extra inputs are not permitted",
            ],
            ignoreOrder: true);
    }

    /// <summary>Deviations 47.</summary>
    [Theory]
    [InlineData("logLevel: INFO\nproxies: []\nlogLevel: DEBUG", "logLevel is set twice, in line 1 and in line 3")]
    [InlineData("tokenPolicy:\n  maxUserLifetime: 1d\n  maxUserLifetime: 2d",
        "tokenPolicy.maxUserLifetime is set twice, in line 2 and in line 3")]
    [InlineData("tokenPolicy: {maxUserLifetime: 1d}\n\ntokenPolicy: {}", "tokenPolicy is set twice, in line 1 and in line 3")]
    [InlineData("{logLevel: INFO, \"logLevel\": DEBUG}", "logLevel is set twice, in line 1 and in line 1")]
    public void A_duplicate_key_is_one_error(string yaml, string expected) => Errors(yaml).ShouldBe([expected]);

    [Theory]
    [InlineData("tokenLifetime")]
    [InlineData("tokenPolicy: {maxUserLifetime")]
    [InlineData("tokenPolicy: {maxServiceLifetime")]
    [InlineData("tokenPolicy: {defaultUserLifetime")]
    [InlineData("tokenUse: {retention")]
    public void A_time_span_beyond_a_century_is_rejected(string key)
    {
        var end = key.Contains('{', StringComparison.Ordinal) ? "}" : "";
        foreach (var span in (string[])["5000000d", "36501d", "-1"])
            Errors($"{key}: '{span}'{end}")
                .ShouldContain($"{key.Replace(": {", ".", StringComparison.Ordinal)}: '{span}': must be a time span from 0 to 36500 days");
        Load($"{key}: '36500d'{end}").ShouldNotBeNull();
    }

    [Fact]
    public void Keys_can_be_written_in_snake_case()
    {
        const string snake = $$"""
            base_url: "https://example.com"
            allow_subdomains: yes
            database_url: "postgresql://porthor@db.example.com/porthor"
            session_secret: "{{SessionSecret}}"
            token_lifetime: 1d
            token_policy: {max_user_lifetime: 2d}
            known_scopes: {"admin:token": "", "admin:userinfo": "", "user:token": "", under_scored: ""}
            group_mapping: {under_scored: [some_group]}
            oidc: {client_id: a, client_secret: b, login_url: "https://a/", token_url: "https://b/", redirect_url: "https://c/", issuer: "https://d"}
            ldap: {url: "ldap://ldap", group_base_dn: e, user_base_dn: f, group_search_by_dn: no, add_user_group: on}
            """;
        var settings = Load(snake);
        (settings.BaseUrl!.Host, settings.AllowSubdomains, settings.Mode).ShouldBe(("example.com", true, DeploymentMode.Database));
        (settings.Tokens.Lifetime, settings.Tokens.Policy.MaxUserLifetime).ShouldBe((TimeSpan.FromDays(1), TimeSpan.FromDays(2)));
        (settings.Providers.Oidc!.ClientId, settings.Providers.Ldap!.GroupSearchByDn, settings.Providers.Ldap.AddUserGroup)
            .ShouldBe(("a", false, true));

        // Names that an operator chooses are not changed.
        settings.Tokens.KnownScopes.Keys.ShouldContain("under_scored");
        settings.GroupMapping["under_scored"].ShouldBe(["some_group"]);

        // Errors use the spelling of the file.
        Errors("base_ulr: x").ShouldBe(["base_ulr: Extra inputs are not permitted. Did you mean baseUrl?"]);
        Errors("token_policy: {max_life: 1d}").ShouldBe(["tokenPolicy.max_life: Extra inputs are not permitted"]);
    }

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

    [Theory]
    [InlineData("debug", LogLevel.Debug)]
    [InlineData("Info", LogLevel.Information)]
    [InlineData("WARNING", LogLevel.Warning)]
    [InlineData("error", LogLevel.Error)]
    [InlineData("CRITICAL", LogLevel.Critical)]
    public void Log_levels_are_accepted_in_any_case(string text, LogLevel level) => Load($"logLevel: {text}").LogLevel.ShouldBe(level);

    [Theory]
    [InlineData("true", true)]
    [InlineData("Yes", true)]
    [InlineData("'1'", true)]
    [InlineData("on", true)]
    [InlineData("false", false)]
    [InlineData("NO", false)]
    [InlineData("0", false)]
    [InlineData("", false)]
    public void Booleans_are_accepted_in_all_formats(string text, bool flag) =>
        Load($"allowSubdomains: {text}").AllowSubdomains.ShouldBe(flag);

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

    [Fact]
    public void Quotas_are_read_completely()
    {
        var quota = Load(
            """
            quota:
              default: {api: {test: 1}, disk: {/home: 32212254720}, notebook: {cpu: 8, memory: 4.5}, tap: {qserv: {concurrent: 10}}}
              groups: {blocked: {notebook: {cpu: 0, memory: 0, spawn: false}}, nothing: {}}
              bypass: [admin]
            """).Quota!;
        (quota.Default.Api["test"], quota.Default.Disk["/home"], quota.Default.Tap["qserv"])
            .ShouldBe((1, 32_212_254_720, new TapQuota(10)));
        quota.Default.Notebook.ShouldBe(new NotebookQuota(8, 4.5));
        quota.Groups["blocked"].Notebook.ShouldBe(new NotebookQuota(0, 0, Spawn: false));
        quota.Groups["nothing"].IsEmpty.ShouldBeTrue();
        quota.Bypass.ShouldBe(["admin"]);
    }

    [Fact]
    public void Proxies_are_addresses_or_networks() =>
        Load("proxies: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']").Proxies
            .ShouldBe([AddressBlock.Parse("10.0.0.0/8"), AddressBlock.Parse("192.0.2.1"), AddressBlock.Parse("2001:db8::/32")]);

    [Fact]
    public void IPv4_mapped_proxies_are_IPv4_networks() =>
        Load("proxies: ['::ffff:10.0.0.0/104', '::ffff:192.0.2.1', '::/0']").Proxies
            .ShouldBe([AddressBlock.Parse("10.0.0.0/8"), AddressBlock.Parse("192.0.2.1"), AddressBlock.Parse("::/0")]);

    [Fact]
    public void Allowed_origins_have_a_scheme_a_host_and_possibly_a_port()
    {
        Load("allowedOrigins: ['https://App.example.com', 'http://localhost:3000/', 'https://[2001:db8::1]:8443']")
            .AllowedOrigins.Select(origin => origin.ToString())
            .ShouldBe(["https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"]);
        Load("").AllowedOrigins.ShouldBeEmpty();
    }

    [Fact]
    public void Administrators_are_a_list_of_usernames()
    {
        Load("").AdminUsers.ShouldBeEmpty();
        var settings = Load("adminUsers: [ann, bob]\ninitialAdmins: [ann, eve]");
        settings.AdminUsers.ShouldBe(["ann", "bob"], ignoreOrder: true);
        SettingsWarnings.Of(settings)
            .ShouldContain(
                "initialAdmins has no effect. To give eve the scope admin:token at login, name them in adminUsers, or map a group to "
                    + "admin:token in groupMapping.");
        SettingsWarnings.Of(Load("adminUsers: [ann]\ninitialAdmins: [ann]")).ShouldNotContain(
            note => note.Contains("initialAdmins", StringComparison.Ordinal));
    }

    [Fact]
    public void Rules_are_strict_only_if_that_is_configured()
    {
        Load("").StrictRules.ShouldBeFalse();
        Load("strictRules: true").StrictRules.ShouldBeTrue();
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

    /// <summary>Settings can be logged or printed.</summary>
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
