using System.Security.Cryptography;
using Microsoft.AspNetCore.WebUtilities;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Failures;

internal sealed partial class RouteGroups
{
    private const string Clients = $"{Api}/oidc-clients";
    private const string Callback = "https://app.example.com/callback";

    private static readonly Lazy<OidcServerSettings> Provider = new(() =>
    {
        using var key = RSA.Create(2048);
        return new OidcServerSettings
        {
            ClientSuffix = ".example.com",
            Issuer = new Uri("https://example.com/"),
            Key = new Secret(key.ExportPkcs8PrivateKeyPem()),
            KeyId = "some-kid",
        };
    });

    /// <summary>Registers a client, redeems a code, and returns the client with the access token.</summary>
    private static async Task<OpenIdClient> LogInToClientAsync(TestServer server, Token administrator, Token session)
    {
        var registered = await server.PostAsync(
            Clients, new { return_uri = Callback, description = "An application" }, TestServer.Bearer(administrator));
        registered.StatusCode.ShouldBe(201, registered.Body);
        var client = new OpenIdClient(
            registered.Json.GetProperty("client_id").GetString()!, registered.Json.GetProperty("client_secret").GetString()!, default);
        var redirect = await server.GetAsync(client.LoginPath, server.Cookie(new SessionState { Token = session, Csrf = "csrf" }));
        redirect.StatusCode.ShouldBe(307, redirect.Body);
        var code = QueryHelpers.ParseQuery(new Uri(redirect.Header("Location")!).Query)["code"].ToString();
        var redeemed = await server.PostFormAsync("/auth/openid/token", client.FormWith(code));
        redeemed.StatusCode.ShouldBe(200);
        return client with { Access = TestServer.Bearer(Token.Parse(redeemed.Json.GetProperty("access_token").GetString()!)) };
    }

    private IEnumerable<RouteGroup> OpenIdConnect()
    {
        var unknownCode = client.FormWith($"gc-{new string('x', 22)}.{new string('x', 22)}");
        yield return new("GET /.well-known/openid-configuration", 200, Store.None, AnswerTimeout, () => server.GetAsync(
            "/.well-known/openid-configuration"));
        yield return new("GET /.well-known/jwks.json", 200, Store.None, AnswerTimeout, () => server.GetAsync("/.well-known/jwks.json"));
        yield return new("GET /auth/openid/login", 307, Store.Both, ApiTimeout, () => server.GetAsync(client.LoginPath, cookie));
        // UnavailableStoreTests redeems valid codes, each of which works only once.
        yield return new("POST /auth/openid/token", 400, Store.TokenIndex, ApiTimeout, () => server.PostFormAsync(
            "/auth/openid/token", unknownCode));
        yield return new("GET /auth/openid/userinfo", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync(
            "/auth/openid/userinfo", client.Access));
        yield return new($"GET {Clients}", 200, Store.Both, ApiTimeout, () => server.GetAsync(Clients, administrator));
        yield return new($"POST {Clients}", 201, Store.Both, ApiTimeout, () => server.PostAsync(
            Clients, new { return_uri = Callback, description = $"Application {Next()}" }, administrator));
        yield return new($"GET {Clients}/{{client_id}}", 200, Store.Both, ApiTimeout, () => server.GetAsync(
            $"{Clients}/{client.Id}", administrator));
        yield return new($"PATCH {Clients}/{{client_id}}", 200, Store.Both, ApiTimeout, () => server.PatchAsync(
            $"{Clients}/{client.Id}", new { return_uri = Callback, description = $"Changed {Next()}" }, administrator));
        yield return new($"DELETE {Clients}/{{client_id}}", 204, Store.Both, ApiTimeout, () => server.DeleteAsync(
            $"{Clients}/{Next()}.example.com", administrator));
    }

    /// <summary>A registered client, and an access token that it received.</summary>
    private sealed record OpenIdClient(string Id, string Secret, (string, string) Access)
    {
        public string LoginPath => QueryHelpers.AddQueryString("/auth/openid/login", new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["scope"] = "openid",
            ["client_id"] = Id,
            ["redirect_uri"] = Callback,
        });

        public (string Name, string Value)[] FormWith(string code) => [
            ("grant_type", "authorization_code"), ("client_id", Id), ("client_secret", Secret), ("code", code), ("redirect_uri", Callback)];
    }
}
