using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>
/// A complete login at an application that uses the client of ASP.NET Core: it reads discovery and keys, validates issuer, audience,
/// signature, lifetime and nonce, and compares the user with userinfo.
/// </summary>
public sealed class AspNetClientTests
{
    private const string AppOrigin = "https://app.example.com";

    [Theory, EveryMode]
    public async Task An_ASPNET_application_logs_a_user_in(Mode mode)
    {
        await using var server = await ApiServer.StartAsync(mode, OpenIdServers.WithProvider);
        // The client compares the lifetime of the ID token with the real time.
        server.Clock.Advance(TimeProvider.System.GetUtcNow() - server.Clock.GetUtcNow());
        var client = await server.RegisterAsync(AppOrigin + "/signin-oidc");
        var ann = await server.AnnAsync();
        await using var app = await StartAppAsync(server, client);
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(app.Urls.First()),
        };
        Dictionary<string, string> cookies = [];

        // The application redirects to Porthor, Porthor redirects back with a code, and the application redeems it.
        using var challenge = await SendAsync(browser, cookies, "/private");
        challenge.Headers.Location!.GetLeftPart(UriPartial.Path).ShouldBe("https://example.com/auth/openid/login");
        var returned = await server.SendAsync(HttpMethod.Get, challenge.Headers.Location.PathAndQuery, json: null, ann.Cookie);
        returned.StatusCode.ShouldBe(307, returned.Body);
        returned.Header("Location")!.ShouldStartWith(AppOrigin + "/signin-oidc?");
        using var signedIn = await SendAsync(browser, cookies, new Uri(returned.Header("Location")!).PathAndQuery);
        ((int)signedIn.StatusCode).ShouldBe(302, await signedIn.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var page = await SendAsync(browser, cookies, "/private");
        var lines = (await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n');
        lines[..3].ShouldBe(["ann", "Ann Example", "ann@example.com"]);
        (await server.UserInfoAsync(TestServer.Bearer(Token.Parse(lines[3])))).StatusCode.ShouldBe(200);

        // The same return with the used code, and one with a forged state, do not log in another browser.
        foreach (var address in (string[])[new Uri(returned.Header("Location")!).PathAndQuery, "/signin-oidc?state=forged&code=gc-forged"])
        {
            using var replay = await SendAsync(browser, [], address);
            ((int)replay.StatusCode).ShouldBe(500);
        }
    }

    private static async Task<WebApplication> StartAppAsync(ApiServer server, RegisteredClient client)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAuthentication(options =>
        {
            options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
        }).AddCookie().AddOpenIdConnect(options =>
        {
            options.Authority = OpenIdServers.Issuer;
            options.ClientId = client.Id;
            options.ClientSecret = client.Secret;
            options.ResponseType = "code";
            options.ResponseMode = "query";
            options.Scope.Add("email");
            options.MapInboundClaims = false;
            options.GetClaimsFromUserInfoEndpoint = true;
            options.SaveTokens = true;
            options.BackchannelHttpHandler = new ToServer(server.Host.Url);
        });
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        // As behind a proxy with TLS.
        app.Use((context, next) =>
        {
            (context.Request.Scheme, context.Request.Host) = ("https", new HostString("app.example.com"));
            return next(context);
        });
        app.UseAuthentication();
        app.MapGet("/private", async context =>
        {
            if (context.User.Identity is not { IsAuthenticated: true })
            {
                await context.ChallengeAsync();
                return;
            }
            string?[] values =
            [
                context.User.FindFirstValue("sub"), context.User.FindFirstValue("name"), context.User.FindFirstValue("email"),
                await context.GetTokenAsync("access_token"),
            ];
            await context.Response.WriteAsync(string.Join('\n', values));
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>Sends a request with the cookies of a browser, and keeps the cookies of the response.</summary>
    private static async Task<HttpResponseMessage> SendAsync(HttpClient browser, Dictionary<string, string> cookies, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        var response = await browser.SendAsync(request, TestContext.Current.CancellationToken);
        if (response.Headers.TryGetValues("Set-Cookie", out var set))
        {
            foreach (var pair in set.Select(cookie => cookie.Split(';')[0].Split('=', 2)))
                cookies[pair[0]] = pair[1];
        }
        return response;
    }

    /// <summary>Sends the requests of the client to the server under test.</summary>
    private sealed class ToServer(Uri server) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri.ShouldNotBeNull().GetLeftPart(UriPartial.Authority).ShouldBe("https://example.com");
            request.RequestUri = new Uri(server, request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
