using System.Diagnostics;
using System.Runtime.CompilerServices;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Browser.Tests;

/// <summary>
/// Runs an external OpenID Connect provider in a separate process: panva's oidc-provider, a certified implementation, with its own forms
/// for login and consent. It runs on the Node.js of Playwright's driver.
/// </summary>
internal sealed class ExternalProvider : IAsyncDisposable
{
    private readonly Process process;
    private readonly int port;
    private readonly string redirectUrl;

    private ExternalProvider(string redirectUrl)
    {
        this.redirectUrl = redirectUrl;
        port = RealServers.FreePort();
        string[] arguments = [PlaywrightNode.In("provider", "provider.mjs"), $"{port}", redirectUrl];
        process = Process.Start(new ProcessStartInfo(PlaywrightNode.Path!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The reason why the provider cannot run on this machine; null if it can.</summary>
    public static string? SkipReason => PlaywrightNode.SkipReason("provider");

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

    public static async Task<ExternalProvider> StartAsync(string redirectUrl)
    {
        var provider = new ExternalProvider(redirectUrl);
        using var client = new HttpClient();
        await RealServers.WaitUntilAsync(() => client.GetStringAsync($"{provider.Url}/.well-known/openid-configuration"), "the provider");
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

/// <summary>Like <see cref="BrowserFactAttribute"/>, for tests that also need the provider and a user directory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ExternalLoginFactAttribute : FactAttribute
{
    public ExternalLoginFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = SkipReason;

    internal static string? SkipReason => Chromium.SkipReason ?? ExternalProvider.SkipReason ?? Prerequisites.LdapSkipReason;
}
