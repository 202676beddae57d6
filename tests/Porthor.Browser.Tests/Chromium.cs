using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using Porthor.Testing;
using Proxy = Porthor.Testing.Proxy;

[assembly: AssemblyFixture(typeof(Porthor.Browser.Tests.Chromium))]

namespace Porthor.Browser.Tests;

/// <summary>
/// Runs the distribution's Chromium with Playwright, whose package contains the driver. All tests share one process; each test user has a
/// separate profile.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? playwright;
    private IBrowser? browser;

    public IBrowser Browser => browser ?? throw new InvalidOperationException("Chromium was not started.");

    /// <summary>The reason why these tests cannot run on this machine; null if they can.</summary>
    public static string? SkipReason =>
        Prerequisites.Find("chromium") is null
            ? "Chromium is not installed; ./test.sh installs it (Debian's chromium)" : ProxyProcess.SkipReason(Proxy.Nginx);

    public async ValueTask InitializeAsync()
    {
        if (SkipReason is not null)
            return;
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Prerequisites.Find("chromium"),
            // All host names resolve to this machine. Chromium cannot use its sandbox as root, and the tests load no external content.
            Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * 127.0.0.1"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
    }
}

/// <summary>A test in a browser. It is skipped without a browser, and the skip reason names what to install.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = Chromium.SkipReason;
}
