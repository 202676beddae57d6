using Microsoft.Extensions.Logging;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class SettingsValueTests
{
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
            oidc: {client_id: a, client_secret: b, login_url: "https://a/",
                   token_url: "https://b/", redirect_url: "https://c/", issuer: "https://d"}
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
}
