using Microsoft.Playwright;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Browser.Tests;

public sealed partial class AccessibilityTests
{
    /// <summary>Creates some weeks of data for two users. Returns the key of a token.</summary>
    private async Task<string> CreateTestDataAsync(IBrowserContext browser)
    {
        var tokens = site.Porthor.Tokens;
        var cookie = (await browser.CookiesAsync()).Single().Value;
        var ada = await tokens.CallerAsync(site.Porthor.Core.SessionCookie.TryRead(cookie, out _)!.Token!);
        async Task<Token> CreateAsync(Caller caller, string name, string scopes, int? days) => await tokens.CreateUserTokenAsync(
            caller, caller.Username, new UserTokenRequest(name, ScopeSet.Parse(scopes), days is { } d
                ? DateTimeOffset.UtcNow.AddDays(d) : null));
        var laptop = await CreateAsync(ada, "laptop", "read:all", 30);
        await CreateAsync(
            ada, "nightly pipeline on the observatory's computing cluster, 2nd try", "exec:notebook,read:all,read:some", days: null);
        var lost = await CreateAsync(ada, "lost", "read:all", 90);
        await tokens.GetInternalTokenAsync(ada, "tap", ScopeSet.Of("read:all"));
        await tokens.GetNotebookTokenAsync(ada);
        await tokens.ModifyTokenAsync(
            laptop.Key, ada, "ada",
            new TokenEdit { TokenName = "laptop, old", Scopes = ScopeSet.Of("read:some"), Expires = DateTimeOffset.UtcNow.AddDays(7) });
        await tokens.DeleteTokenAsync(lost.Key, ada, "ada");
        var grace = await tokens.SessionForAsync("grace", "read:all,user:token");
        for (var i = 0; i < 60; i++)
            await CreateAsync(grace, $"job {i}", "read:all", 1);
        return laptop.Key.Value;
    }
}
