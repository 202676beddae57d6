using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>The attributes of the cookie and the realm depend on the configured URL (deviations 30).</summary>
public sealed class CookieAttributeTests
{
    [Theory]
    [InlineData("https://Portal.Example.COM:8443/x", true, "; Domain=portal.example.com; HttpOnly; Path=/; SameSite=lax; Secure",
        "portal.example.com")]
    [InlineData("http://localhost:8080", false, "; HttpOnly; Path=/; SameSite=lax", "localhost")]
    [InlineData(null, false, "; HttpOnly; Path=/; SameSite=lax", "127.0.0.1")]
    public async Task Cookie_attributes_and_realm_follow_the_configured_URL(
        string? baseUrl, bool allowSubdomains, string attributes, string realm)
    {
        await using var server = await ApiServer.StartAsync(
            Mode.Embedded, settings =>
                settings with { BaseUrl = baseUrl is null ? null : new Uri(baseUrl), AllowSubdomains = allowSubdomains });
        var browser = await server.LogInAsync("some-user");
        var answer = await server.GetAsync("/login", server.Host.Cookie(new SessionState { Token = browser.Session }));
        var header = answer.Header("Set-Cookie")!;
        header[header.IndexOf(';', StringComparison.Ordinal)..].ShouldBe(attributes);
        (await server.GetAsync("/login")).ShouldBeUnauthenticated(realm);
        server.LeakDetector.Leaks().ShouldBeEmpty();
    }
}
