using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

internal sealed partial class LoginSite
{
    public static async Task<LoginSite> WithGitHubAsync(
        Mode mode, Func<PorthorSettings, PorthorSettings>? configure = null, RedisServerProcess? ownRedis = null)
    {
        var site = await StartAsync(mode, ownRedis, external => settings => (configure ?? (s => s))(settings with
        {
            Providers = new ProviderSettings { GitHub = new GitHubSettings(FakeGitHub.ClientId, new Secret(FakeGitHub.ClientSecret)) },
            GroupMapping = new Dictionary<string, IReadOnlyList<string>>
            {
                ["exec:admin"] = ["admins"],
                ["exec:test"] = ["org-a-team"],
                ["read:all"] = ["org-other-team", "other-org-team-with-very--F279yg"],
            },
            Slack = new SlackSettings(Webhook: new Secret(external.Url + Webhook)),
        }));
        site.GitHub.ConfigureReplies();
        return site;
    }

    /// <summary>
    /// Starts a server with an OpenID Connect provider and LDAP. Members of the group <c>users</c> can log in, and <c>some-user</c> is a
    /// member.
    /// </summary>
    /// <param name="change">Changes the settings of the provider.</param>
    /// <param name="configure">Changes all settings.</param>
    public static async Task<LoginSite> WithOidcAsync(
        Mode mode, Func<OidcSettings, OidcSettings>? change = null, Func<PorthorSettings, PorthorSettings>? configure = null)
    {
        var tree = await LdapTree.CreateAsync();
        await tree.AddUserAsync("some-user", "Some User", "some-user@example.com", 1000, 1000);
        await tree.AddGroupAsync("users", 2000, "some-user");
        var site = await StartAsync(mode, ownRedis: null, external => settings => (configure ?? (s => s))(settings with
        {
            Providers = new ProviderSettings { Oidc = (change ?? (s => s))(OidcSettingsFor(external)), Ldap = tree.Settings },
            GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["users"], ["exec:admin"] = ["admins"] },
            Slack = new SlackSettings(Webhook: new Secret(external.Url + Webhook)),
        }));
        site.Tree = tree;
        site.Oidc.ConfigureReplies();
        return site;
    }

    /// <summary>Starts a server with an OpenID Connect provider and without LDAP: all user data come from claims.</summary>
    /// <param name="change">Changes the settings of the provider.</param>
    public static async Task<LoginSite> WithClaimsAsync(
        Mode mode, Func<OidcSettings, OidcSettings>? change = null, Func<PorthorSettings, PorthorSettings>? configure = null)
    {
        var site = await StartAsync(mode, ownRedis: null, external => settings => (configure ?? (s => s))(settings with
        {
            Providers = new ProviderSettings
            {
                Oidc = (change ?? (s => s))(
                    OidcSettingsFor(external) with { NameClaim = "name", EmailClaim = "email", GroupsClaim = "groups" }),
            },
            GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["users"], ["exec:admin"] = ["admins"] },
            Slack = new SlackSettings(Webhook: new Secret(external.Url + Webhook)),
        }));
        site.Oidc.ConfigureReplies();
        return site;
    }

    private static OidcSettings OidcSettingsFor(ExternalServer provider) => new()
    {
        ClientId = OidcProvider.ClientId,
        ClientSecret = new Secret(OidcProvider.ClientSecret),
        Audience = OidcProvider.ClientId,
        LoginUrl = new Uri($"{provider.Url}/authorize"),
        TokenUrl = new Uri($"{provider.Url}/token"),
        RedirectUrl = new Uri("https://example.com/login"),
        Issuer = provider.Url,
        Scopes = ["email", "voPerson"],
        UsernameClaim = "uid",
        LoginParams = new Dictionary<string, string> { ["skin"] = "test" },
    };

    private static async Task<LoginSite> StartAsync(
        Mode mode, RedisServerProcess? ownRedis, Func<ExternalServer, Func<PorthorSettings, PorthorSettings>> configure)
    {
        var external = await ExternalServer.StartAsync();
        external.On("POST", Webhook, ExternalReply.Text(200, "ok"));
        var clock = new ManualClock(new DateTimeOffset(2026, 7, 1, 12, 0, 0, 750, TimeSpan.Zero));
        var host = await TestServer.StartAsync(
            mode,
            settings => configure(external)(settings with { AfterLogoutUrl = new Uri(Landing), ErrorFooter = Footer }),
            clock,
            ownRedis,
            external);
        return new LoginSite(host, external, clock);
    }
}
