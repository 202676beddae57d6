using System.Text.Json;
using System.Text.Json.Nodes;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// A server with a simulated login provider. When it stops, it fails if an unexpected request was sent, or if a secret is in the log or on
/// an error page.
/// </summary>
internal sealed class LoginSite : IAsyncDisposable
{
    public const string Footer = "<strong>Ask</strong> at the <a href=\"https://example.com/desk\">desk</a>.";
    public const string Destination = "https://example.com/foo?a=bar&b=baz";
    public const string Landing = "https://example.com/landing";
    private const string Webhook = "/slack/secret-part-of-the-webhook";

    private LoginSite(TestServer host, ExternalServer external, ManualClock clock)
    {
        (Host, External, Clock) = (host, external, clock);
        Metrics = new RecordedMetrics(host.Core.Metrics);
        foreach (var secret in (string[])[
            OidcProvider.ClientSecret, FakeGitHub.ClientSecret, FakeGitHub.AccessToken, Webhook, "foreign-access-token"])
            LeakDetector.Secret(secret);
        GitHub = new FakeGitHub(external);
        Oidc = new OidcProvider(external, clock);
    }

    public TestServer Host { get; }

    public ExternalServer External { get; }

    public ManualClock Clock { get; }

    public SecretLeakDetector LeakDetector => Host.LeakDetector;

    public RecordedMetrics Metrics { get; }

    public FakeGitHub GitHub { get; }

    public OidcProvider Oidc { get; }

    /// <summary>The users and groups in LDAP; only with OpenID Connect.</summary>
    public LdapTree Tree { get; private set; } = null!;

    /// <summary>The messages that were posted to Slack.</summary>
    public IReadOnlyList<JsonElement> Alerts => [.. External.RequestsTo("POST", Webhook).Select(request => request.Json)];

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

    /// <summary>Runs a login in a browser, from the first request to the return from the provider.</summary>
    /// <param name="change">Changes the claims of the ID token.</param>
    public async Task<(LoginBrowser Browser, Answer Answer)> LogInByOidcAsync(
        string username = "some-user", Action<JsonObject>? change = null)
    {
        var browser = new LoginBrowser(this);
        await browser.BeginAsync(Destination);
        return (browser, await browser.ReturnAsync(Oidc.Authorize(browser.Location!, username, change)));
    }

    /// <summary>Runs a login in a browser, from the first request to the return from GitHub.</summary>
    public async Task<(LoginBrowser Browser, Answer Answer)> LogInByGitHubAsync()
    {
        var browser = new LoginBrowser(this);
        await browser.BeginAsync(Destination);
        return (browser, await browser.ReturnAsync("some-code-of-github"));
    }

    /// <summary>Returns the log lines with this event.</summary>
    public IReadOnlyList<JsonElement> Lines(string text) =>
        [.. Host.Logs.Lines.Where(line => line.GetProperty("event").GetString() == text)];

    /// <summary>Waits for the only alert. Alerts are posted in the background.</summary>
    public async Task<JsonElement> WaitForAlertAsync()
    {
        await RealServers.WaitUntilAsync(
            () => Alerts.Count > 0 ? Task.CompletedTask
                : Task.FromException(new InvalidOperationException("Nothing was posted.")), "an alert");
        return Alerts.ShouldHaveSingleItem();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        External.Unexpected.ShouldBeEmpty();
        LeakDetector.Leaks().ShouldBeEmpty();
        string.Concat(External.RequestsTo("POST", Webhook).Select(request => request.Body)).ShouldNotContain("-secret-");
        Metrics.Dispose();
        await Host.DisposeAsync();
        await External.DisposeAsync();
    }

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
