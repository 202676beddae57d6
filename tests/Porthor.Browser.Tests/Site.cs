using Microsoft.Playwright;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Browser.Tests;

/// <summary>
/// A site behind NGINX with TLS and the configuration of deploy/. Porthor is its forward authentication. The tests of a class share it.
/// </summary>
public class Site(Chromium chromium) : IAsyncLifetime
{
    public const string Password = "correct horse battery staple";

    private Upstream? upstream;
    private ProxyProcess? nginx;
    private TestServer? porthor;

    internal TestServer Porthor => porthor!;

    /// <summary>The base URL with the address in place of the name, for programs other than the browser.</summary>
    private protected string AddressUrl => $"https://127.0.0.1:{nginx!.Port}";

    private protected string CertificatePath => nginx!.CertificatePath;

    /// <summary>The base URL, without a trailing slash.</summary>
    public string Url { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Chromium.SkipReason is not null)
            return;
        // Porthor needs its public URL before it starts, and the proxy needs Porthor's address.
        var port = RealServers.FreePort();
        Url = $"https://example.com:{port}";
        await PrepareAsync();
        upstream = await Upstream.StartAsync();
        porthor = await TestServer.StartAsync(
            Mode.Embedded, settings => Configure(settings) with { BaseUrl = new Uri(Url) }, provider: ProviderUrl);
        nginx = await ProxyProcess.StartTlsAsync(port, porthor.Url.Authority, upstream.Address);
    }

    public async ValueTask DisposeAsync()
    {
        if (nginx is not null)
            await nginx.DisposeAsync();
        if (porthor is not null)
            await porthor.DisposeAsync();
        if (upstream is not null)
            await upstream.DisposeAsync();
        await DisposeMoreAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The login provider to which Porthor can connect; null for none.</summary>
    private protected virtual string? ProviderUrl => null;

    /// <summary>Prepares servers before Porthor starts.</summary>
    private protected virtual Task PrepareAsync() => Task.CompletedTask;

    private protected virtual ValueTask DisposeMoreAsync() => ValueTask.CompletedTask;

    /// <summary>Opens the browser of a user who is not signed in.</summary>
    public async Task<IBrowserContext> OpenAsync(BrowserNewContextOptions? options = null)
    {
        options ??= new();
        options.IgnoreHTTPSErrors = true;
        options.BaseURL = Url;
        var context = await chromium.Browser.NewContextAsync(options);
        context.SetDefaultTimeout(20_000);
        return context;
    }

    /// <summary>Opens the browser of a signed-in user.</summary>
    internal async Task<IBrowserContext> LogInAsync(
        string username, string scopes = "user:token,read:all", UserData? user = null, BrowserNewContextOptions? options = null)
    {
        var context = await OpenAsync(options);
        var session = await Porthor.Tokens.SessionForAsync(username, scopes, user);
        await SetCookieAsync(context, new SessionState { Token = session.Record.Token, Csrf = SessionCookie.CreateCsrf() });
        return context;
    }

    internal async Task SetCookieAsync(IBrowserContext context, SessionState state) => await context.AddCookiesAsync(
    [
        new() { Name = SessionCookie.Name, Value = Porthor.Core.SessionCookie.Write(state), Url = Url, HttpOnly = true, Secure = true,
            SameSite = SameSiteAttribute.Lax },
    ]);

    private protected virtual PorthorSettings Configure(PorthorSettings settings) => settings with
    {
        Proxies = [AddressBlock.Parse("127.0.0.1/32")],
        // The user who signs in with a password.
        Providers = new ProviderSettings
        {
            LocalUsers = [LocalUser("walker", "staff"), LocalUser("stranger", "visitors")],
        },
        ErrorFooter = """Ask the <a href="https://example.com/desk">help desk</a>.""",
        GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["staff"] },
        Quota = new QuotaPlan
        {
            Default = new()
            {
                Api = new Dictionary<string, long> { ["tap"] = 500, ["images"] = 60 },
                Notebook = new NotebookQuota(4, 16),
                Disk = new Dictionary<string, long> { ["/home"] = 50L << 30 },
            },
        },
    };

    private static LocalUser LocalUser(string name, string group) =>
        new(name, new UserData { Groups = [new Group(group, 3000)] }, PasswordHash.Of(Password, iterations: 1000));
}
