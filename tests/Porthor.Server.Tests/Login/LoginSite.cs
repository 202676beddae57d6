using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// A server with its login provider beside it. When it stops, nobody may have been asked that no test expected, and nothing that was
/// secret may be in the log or on an error page.
/// </summary>
internal sealed class LoginSite : IAsyncDisposable
{
    public const string Footer = "<strong>Ask</strong> at the <a href=\"https://example.com/desk\">desk</a>.";
    public const string Destination = "https://example.com:4444/foo?a=bar&b=baz";
    public const string Landing = "https://example.com/landing";
    private const string Webhook = "/slack/secret-part-of-the-webhook";

    private LoginSite(TestServer host, UpstreamServer upstream, StillClock clock)
    {
        (Host, Upstream, Clock) = (host, upstream, clock);
        Metrics = new RecordedMetrics(host.Core.Metrics);
        foreach (var secret in (string[])[OidcUpstream.ClientSecret, GitHubUpstream.ClientSecret, GitHubUpstream.AccessToken, Webhook, "upstream-access-token"])
            Watch.Secret(secret);
        GitHub = new GitHubUpstream(upstream);
        Oidc = new OidcUpstream(upstream, clock);
    }

    public TestServer Host { get; }

    public UpstreamServer Upstream { get; }

    public StillClock Clock { get; }

    public SecretWatch Watch => Host.Watch;

    public RecordedMetrics Metrics { get; }

    public GitHubUpstream GitHub { get; }

    public OidcUpstream Oidc { get; }

    /// <summary>What was posted to Slack.</summary>
    public IReadOnlyList<JsonElement> Alerts => [.. Upstream.RequestsTo("POST", Webhook).Select(request => request.Json)];

    public static async Task<LoginSite> WithGitHubAsync(
        Mode mode, Func<PorthorSettings, PorthorSettings>? configure = null, RedisServerProcess? ownRedis = null)
    {
        var site = await StartAsync(mode, ownRedis, upstream => settings => (configure ?? (s => s))(settings with
        {
            Providers = new ProviderSettings { GitHub = new GitHubSettings(GitHubUpstream.ClientId, new Secret(GitHubUpstream.ClientSecret)) },
            GroupMapping = new Dictionary<string, IReadOnlyList<string>>
            {
                ["exec:admin"] = ["admins"],
                ["exec:test"] = ["org-a-team"],
                ["read:all"] = ["org-other-team", "other-org-team-with-very--F279yg"],
            },
            Slack = new SlackSettings(Webhook: new Secret(upstream.Url + Webhook)),
        }));
        site.GitHub.Work();
        return site;
    }

    /// <summary>What a browser does, from its first visit to its return from GitHub.</summary>
    public async Task<(LoginBrowser Browser, Answer Answer)> LogInByGitHubAsync()
    {
        var browser = new LoginBrowser(this);
        await browser.BeginAsync(Destination);
        return (browser, await browser.ReturnAsync("some-code-of-github"));
    }

    /// <summary>The lines of an event.</summary>
    public IReadOnlyList<JsonElement> Lines(string text) => [.. Host.Logs.Lines.Where(line => line.GetProperty("event").GetString() == text)];

    /// <summary>Alerts are posted behind the answer's back.</summary>
    public async Task<JsonElement> OneAlertAsync()
    {
        await RealServers.UntilAsync(
            () => Alerts.Count > 0 ? Task.CompletedTask : Task.FromException(new InvalidOperationException("Nothing was posted.")), "an alert");
        return Alerts.ShouldHaveSingleItem();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        Upstream.Unexpected.ShouldBeEmpty();
        Watch.Leaks().ShouldBeEmpty();
        string.Concat(Upstream.RequestsTo("POST", Webhook).Select(request => request.Body)).ShouldNotContain("-secret-");
        Metrics.Dispose();
        await Host.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    private static async Task<LoginSite> StartAsync(
        Mode mode, RedisServerProcess? ownRedis, Func<UpstreamServer, Func<PorthorSettings, PorthorSettings>> configure)
    {
        var upstream = await UpstreamServer.StartAsync();
        upstream.On("POST", Webhook, UpstreamReply.Text(200, "ok"));
        var clock = new StillClock(new DateTimeOffset(2026, 7, 1, 12, 0, 0, 750, TimeSpan.Zero));
        var host = await TestServer.StartAsync(
            mode,
            settings => configure(upstream)(settings with { AfterLogoutUrl = new Uri(Landing), ErrorFooter = Footer }),
            clock,
            ownRedis,
            upstream);
        return new LoginSite(host, upstream, clock);
    }
}
