using System.Diagnostics;
using System.Runtime.CompilerServices;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Browser.Tests;

/// <summary>
/// An OpenID Connect provider that is not ours, in a process of its own: panva's oidc-provider, a certified one, with its own forms for
/// login and consent. Playwright's driver brings the Node that runs it.
/// </summary>
internal sealed class ForeignProvider : IAsyncDisposable
{
    private readonly Process process;
    private readonly int port;
    private readonly string redirectUrl;

    private ForeignProvider(string redirectUrl)
    {
        this.redirectUrl = redirectUrl;
        port = RealServers.FreePort();
        process = Process.Start(new ProcessStartInfo(Node!, [Path.Combine(Folder, "provider.mjs"), $"{port}", redirectUrl])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Null if it can be run here.</summary>
    public static string? WhyNot => Directory.Exists(Path.Combine(Folder, "node_modules")) && Node is not null
        ? null
        : "The provider is not installed; ./test.sh installs it (npm)";

    public string Url => $"http://127.0.0.1:{port}";

    public OidcSettings Settings => new()
    {
        ClientId = "porthor",
        ClientSecret = new Secret("secret-of-a-test-client"),
        Audience = "porthor",
        LoginUrl = new Uri($"{Url}/auth"),
        TokenUrl = new Uri($"{Url}/token"),
        RedirectUrl = new Uri(redirectUrl),
        Issuer = Url,
        UsernameClaim = "uid",
    };

    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "provider");

    private static string? Node { get; } = Directory.Exists(Path.Combine(AppContext.BaseDirectory, ".playwright"))
        ? Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, ".playwright", "node"), "node", SearchOption.AllDirectories).FirstOrDefault()
        : null;

    public static async Task<ForeignProvider> StartAsync(string redirectUrl)
    {
        var provider = new ForeignProvider(redirectUrl);
        using var client = new HttpClient();
        await RealServers.UntilAsync(() => client.GetStringAsync($"{provider.Url}/.well-known/openid-configuration"), "the provider");
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}

/// <summary>As <see cref="BrowserFactAttribute"/>, with a provider and a directory of users.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ForeignLoginFactAttribute : FactAttribute
{
    public ForeignLoginFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = WhyNot;

    internal static string? WhyNot => Chromium.WhyNot ?? ForeignProvider.WhyNot ?? Prerequisites.WhyNotLdap;
}
