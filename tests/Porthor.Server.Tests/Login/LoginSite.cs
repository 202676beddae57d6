using System.Text.Json;
using System.Text.Json.Nodes;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// A server with a simulated login provider. When it stops, it fails if an unexpected request was sent, or if a secret is in the log or on
/// an error page.
/// </summary>
internal sealed partial class LoginSite : IAsyncDisposable
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
}
