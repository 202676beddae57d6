using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using Porthor.Testing;
using Proxy = Porthor.Testing.Proxy;

[assembly: AssemblyFixture(typeof(Porthor.Browser.Tests.Chromium))]

namespace Porthor.Browser.Tests;

/// <summary>
/// The distribution's Chromium, driven by Playwright, whose package brings its driver. One process for all tests; each visitor
/// has a profile of their own in it.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? playwright;
    private IBrowser? browser;

    public IBrowser Browser => browser ?? throw new InvalidOperationException("Chromium was not started.");

    /// <summary>Null if these tests can be run here.</summary>
    public static string? WhyNot =>
        Prerequisites.Find("chromium") is null ? "Chromium is not installed; ./test.sh installs it (Debian's chromium)" : ProxyProcess.WhyNot(Proxy.Nginx);

    public async ValueTask InitializeAsync()
    {
        if (WhyNot is not null)
            return;
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Prerequisites.Find("chromium"),
            // The site is here, whatever its name. Root may not have the sandbox; nothing foreign is loaded.
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

/// <summary>A test in a browser. Where there is none it is reported as skipped, with what to install.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = Chromium.WhyNot;
}
