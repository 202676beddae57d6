using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Playwright;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Browser.Tests.OpenIdConnect;

/// <summary>
/// Logins at applications whose OpenID Connect clients are not ours. The user signs in at Porthor with a password, in a browser.
/// </summary>
public sealed class RealClientTests(OpenIdConnectSite site) : IClassFixture<OpenIdConnectSite>
{
    [BrowserFact]
    public async Task A_user_logs_in_at_Apache()
    {
        Prerequisites.SkipWhen(ProxyProcess.ApacheSkipReason());
        var port = RealServers.FreePort();
        var callback = $"https://app.example.net:{port}/callback";
        var client = await site.RegisterAsync(callback);
        await using var apache = await ProxyProcess.StartApacheAsync(port, $"""
            OIDCProviderMetadataURL {site.Address}/.well-known/openid-configuration
            OIDCProviderTokenEndpoint {site.Address}/auth/openid/token
            OIDCProviderUserInfoEndpoint {site.Address}/auth/openid/userinfo
            OIDCProviderJwksUri {site.Address}/.well-known/jwks.json
            OIDCClientID {client.Id}
            OIDCClientSecret {client.Secret}
            OIDCRedirectURI {callback}
            OIDCCryptoPassphrase {RandomNumberGenerator.GetHexString(32)}
            OIDCScope "openid profile email"
            OIDCRemoteUserClaim sub
            """, site.Certificate);
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync($"https://app.example.net:{port}/index.html");
        await SignInAsync(page);
        await page.GetByText("The protected page.").WaitForAsync();
        page.Url.ShouldBe($"https://app.example.net:{port}/index.html", apache.Output);
        (await page.ReloadAsync())!.Headers["x-remote-user"].ShouldBe("walker");

        // Without the cookies of the application, a browser without a session must sign in.
        await using var other = await site.OpenAsync();
        var foreign = await other.NewPageAsync();
        await foreign.GotoAsync($"{callback}?code=gc-{Token.Create().Reveal()[3..]}&state=forged");
        (await foreign.GotoAsync($"https://app.example.net:{port}/index.html"))!.Headers.ShouldNotContainKey("x-remote-user");
        foreign.Url.ShouldStartWith($"{site.Url}/auth/login");
    }

    [BrowserFact]
    public async Task A_user_logs_in_at_an_application_with_openid_client()
    {
        Prerequisites.SkipWhen(NodeClient.SkipReason);
        const string callback = "https://app.example.net/callback";
        var client = await site.RegisterAsync(callback);
        await using var application = new NodeClient(
            "openid-client.mjs", site.Certificate, site.Issuer, site.Address, client.Id, client.Secret, callback);
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        // The application has no web server: the test passes the URL to which the browser returned.
        await page.RouteAsync("https://app.example.net/**", route => route.FulfillAsync(new() { Body = "returned" }));
        await page.GotoAsync(await application.ReadLineAsync());
        await SignInAsync(page);
        await page.GetByText("returned").WaitForAsync();
        await application.WriteLineAsync(page.Url);
        var claims = JsonDocument.Parse(await application.ReadLineAsync()).RootElement;
        claims.GetProperty("sub").GetString().ShouldBe("walker");
        claims.GetProperty("scope").GetString().ShouldBe("email openid profile");
        claims.GetProperty("replay").GetString().ShouldBe("invalid_grant");
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.GetByLabel("Username").FillAsync("walker");
        await page.GetByLabel("Password").FillAsync(Site.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }
}
