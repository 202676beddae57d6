using Microsoft.AspNetCore.WebUtilities;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The public documents, and all routes if the provider is not configured (contract/oidc-server.md 1, 3, 4).</summary>
public sealed class MetadataTests(OpenIdServers servers, ApiServers without) : IClassFixture<OpenIdServers>, IClassFixture<ApiServers>
{
    private const string Configuration = "/.well-known/openid-configuration";
    private const string Keys = "/.well-known/jwks.json";
    private const string Off = """{"detail":[{"msg":"OpenID Connect server not configured","type":"not_supported"}]}""";

    /// <summary>OID-026</summary>
    [Fact]
    public async Task The_discovery_document_is_that_of_the_reference()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, Configuration);
        answer.ShouldBe(
            200,
            """
            {"issuer":"https://example.com/","authorization_endpoint":"https://example.com/auth/openid/login",
            "token_endpoint":"https://example.com/auth/openid/token","userinfo_endpoint":"https://example.com/auth/openid/userinfo",
            "jwks_uri":"https://example.com/.well-known/jwks.json","scopes_supported":["openid","profile","email","rubin"],
            "response_types_supported":["code"],"response_modes_supported":["query"],"grant_types_supported":["authorization_code"],
            "subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"],
            "token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]}
            """.ReplaceLineEndings(""));
        answer.Header("Cache-Control").ShouldBeNull();
        answer.Header("Access-Control-Allow-Origin").ShouldBeNull();
    }

    /// <summary>OID-025</summary>
    [Fact]
    public async Task The_key_set_has_one_public_key_without_padding()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var parameters = OpenIdServers.Key.ExportParameters(includePrivateParameters: false);
        var modulus = WebEncoders.Base64UrlEncode([0, .. parameters.Modulus!]);
        modulus.ShouldStartWith("A");
        (await server.SendAsync(HttpMethod.Get, Keys)).ShouldBe(
            200, $$"""{"keys":[{"alg":"RS256","kty":"RSA","use":"sig","kid":"some-kid","n":"{{modulus}}","e":"AQAB"}]}""");
    }

    /// <summary>Authentication and the validation of parameters come before the answer that the provider is off. O18</summary>
    [Fact]
    public async Task Without_the_provider_each_route_gives_404()
    {
        var server = await without.GetAsync(Mode.Embedded);
        (await server.SendAsync(HttpMethod.Get, Configuration)).ShouldBe(404, Off);
        (await server.SendAsync(HttpMethod.Get, Keys)).ShouldBe(404, Off);
        var browser = await server.AnnAsync();
        (await server.AuthorizeAsync(browser: null)).StatusCode.ShouldBe(307);
        (await server.AuthorizeAsync(browser)).StatusCode.ShouldBe(422);
        (await server.AuthorizeAsync(browser, ("client_id", "a"), ("redirect_uri", "b"))).ShouldBe(404, Off);
        (await server.RedeemAsync([])).ShouldBe(404, Off);
        (await server.RedeemAsync([], ("Authorization", "Basic !"))).StatusCode.ShouldBe(401);
        (await server.UserInfoAsync()).ShouldBeUnauthenticated();
        (await server.UserInfoAsync(TestServer.Bearer(browser.Session))).StatusCode.ShouldBe(401);
        var caller = await server.Host.Tokens.CallerAsync(browser.Session);
        (await server.UserInfoAsync(TestServer.Bearer(await server.Host.Tokens.CreateOidcTokenAsync(caller)))).ShouldBe(404, Off);

        (await server.GetAsync("/oidc-clients")).ShouldBeUnauthenticated();
        (await server.GetAsync("/oidc-clients", server.Bootstrap)).ShouldBe(404, Off);
        (await server.GetAsync("/oidc-clients/x", server.Bootstrap)).ShouldBe(404, Off);
        (await server.PostAsync("/oidc-clients", new { }, server.Bootstrap)).StatusCode.ShouldBe(422);
        (await server.PostAsync("/oidc-clients", new { return_uri = "", description = "" }, server.Bootstrap)).ShouldBe(404, Off);
        (await server.PatchAsync("/oidc-clients/x", new { return_uri = "", description = "" }, server.Bootstrap)).ShouldBe(404, Off);
        (await server.DeleteAsync("/oidc-clients/x", server.Bootstrap)).ShouldBe(404, Off);
        (await server.GetAsync("/oidc-clients", TestServer.Bearer(Token.Create()))).StatusCode.ShouldBe(401);
    }
}
