using System.Buffers.Text;
using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class IdTokenAttackTests
{
    /// <summary>A key that is published for another purpose, or that does not match the algorithm, verifies no signature.</summary>
    [Theory]
    [InlineData("RS256", """{"use":"enc"}""", "is not for signatures")]
    [InlineData("RS256", """{"key_ops":["encrypt"]}""", "is not for verifying")]
    [InlineData("RS256", """{"key_ops":"verify"}""", "is not for verifying")]
    [InlineData("RS256", """{"alg":"RSA-OAEP"}""", "had algorithm RSA-OAEP not RS256")]
    [InlineData("RS256", """{"alg":"RS512"}""", "had algorithm RS512 not RS256")]
    [InlineData("RS256", """{"kty":"EC"}""", "is not an RSA key")]
    [InlineData("RS256", """{"n":"AQAB"}""", "is not an RSA key")]
    [InlineData("RS256", """{"e":""}""", "is not an RSA key")]
    [InlineData("ES256", """{"crv":"P-384"}""", "is not an EC key on curve P-256")]
    [InlineData("ES256", """{"crv":"secp256k1"}""", "is not an EC key on curve P-256")]
    [InlineData("ES256", """{"kty":"RSA"}""", "is not an EC key on curve P-256")]
    [InlineData("ES256", """{"x":"AAAA"}""", "is not an EC key on curve P-256")]
    [InlineData("ES256", """{"x":"?"}""", "is not an EC key on curve P-256")]
    [InlineData("ES256", """{"x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", null)]
    public async Task A_key_must_match_the_algorithm(string algorithm, string json, string? error)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        site.Oidc.Key = new SigningKey("some-kid", algorithm);
        var key = site.Oidc.Key.Public();
        foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
            key[name] = value!.DeepClone();
        site.External.On("GET", "/jwks", new ExternalReply(200, new JsonObject { ["keys"] = new JsonArray(key) }.ToJsonString()));
        await LoginShouldEndAsync(
            site, error is null ? "The signature is not valid" : $"Issuer URL kid some-kid {error}", site.Oidc.Key.Sign);

        // A suitable key with the same ID is used.
        site.External.On("GET", "/jwks", new ExternalReply(
            200, new JsonObject { ["keys"] = new JsonArray(site.Oidc.Key.Public(), key.DeepClone()) }.ToJsonString()));
        if (error is not null)
            await LoginShouldEndAsync(site, error: null, site.Oidc.Key.Sign);
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    public async Task Common_algorithms_are_accepted(string algorithm)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        site.Oidc.Key = new SigningKey("some-kid", algorithm);
        await LoginShouldEndAsync(site, error: null, site.Oidc.Key.Sign);
        // A signature in another format or no signature is rejected.
        var text = site.Oidc.Key.Sign([]);
        foreach (var signature in (string[])["", "AAAA", Base64Url.EncodeToString(new byte[64]), text[..^2].Split('.')[2]])
            await LoginShouldEndAsync(
                site, "The signature is not valid",
                claims => $"{string.Join('.', site.Oidc.Key.Sign(claims).Split('.')[..2])}.{signature}");
    }

    [Fact]
    public async Task Only_configured_algorithms_are_accepted()
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded, settings => settings with { IdTokenAlgorithms = ["ES256"] });
        await LoginShouldEndAsync(site, "The algorithm RS256 is not accepted", site.Oidc.Key.Sign);
    }

    /// <summary>Tokens that cannot be verified must not make Porthor request the keys without limit.</summary>
    [Fact]
    public async Task Unknown_keys_cause_few_requests()
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        var other = new SigningKey("other-kid");
        for (var i = 0; i < 20; i++)
            await LoginShouldEndAsync(site, "Issuer URL has no kid other-kid", other.Sign);
        site.External.RequestsTo("GET", "/jwks").Count.ShouldBe(6);
        site.External.RequestsTo("GET", "/.well-known/openid-configuration").Count.ShouldBeLessThanOrEqualTo(6);

        // After one minute a new key is found again.
        site.Clock.Advance(TimeSpan.FromMinutes(1));
        site.Oidc.Key = other;
        await LoginShouldEndAsync(site, error: null, other.Sign);
    }
}
