using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Porthor.Testing;

/// <summary>
/// Simulates an OpenID Connect provider: publishes metadata and keys, issues authorization codes, and redeems each code once, for the
/// client that requested it and with the matching PKCE verifier. Tests replace replies to inject errors.
/// </summary>
internal sealed class OidcProvider(ExternalServer server, TimeProvider clock)
{
    public const string ClientId = "some-client";
    public const string ClientSecret = "some-client-secret-5c1d";

    private readonly ConcurrentDictionary<string, AuthorizationGrant> codes = new();

    public SigningKey Key { get; set; } = new("some-kid");

    public string Issuer => server.Url;

    public ExternalServer Server => server;

    /// <summary>The provider's metadata. Tests can change it before the server reads it.</summary>
    public JsonObject Metadata => new()
    {
        ["issuer"] = Issuer,
        ["authorization_endpoint"] = $"{Issuer}/authorize",
        ["token_endpoint"] = $"{Issuer}/token",
        ["jwks_uri"] = $"{Issuer}/jwks",
        ["code_challenge_methods_supported"] = new JsonArray("plain", "S256"),
    };

    /// <summary>Configures the replies of a successful login.</summary>
    public void ConfigureReplies()
    {
        server.On("GET", "/.well-known/openid-configuration", _ => new ExternalReply(200, Metadata.ToJsonString()));
        server.On("GET", "/jwks", _ => new ExternalReply(200, new JsonObject { ["keys"] = new JsonArray(Key.Public()) }.ToJsonString()));
        server.On("POST", "/token", Redeem);
    }

    /// <summary>Simulates the user's consent to the authorization request at this address. Returns the authorization code.</summary>
    /// <param name="change">Changes the claims of the ID token.</param>
    public string Authorize(string address, string username, Action<JsonObject>? change = null)
    {
        var query = QueryHelpers.ParseQuery(new Uri(address).Query).ToDictionary(entry => entry.Key, entry => entry.Value.Single()!);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = query["client_id"],
            ["sub"] = "subject",
            ["jti"] = "some-id",
            ["uid"] = username,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 300,
        };
        if (query.TryGetValue("nonce", out var nonce))
            claims["nonce"] = nonce;
        change?.Invoke(claims);
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        codes[code] = new AuthorizationGrant(claims, query["redirect_uri"], query.GetValueOrDefault("code_challenge"));
        return code;
    }

    private ExternalReply Redeem(ExternalRequest request)
    {
        var form = request.Form;
        if (form.GetValueOrDefault("client_id") != ClientId || form.GetValueOrDefault("client_secret") != ClientSecret)
            return ExternalReply.Of(401, new { error = "invalid_client" });
        if (
            !codes.TryRemove(form.GetValueOrDefault("code", ""), out var grant)
                || form.GetValueOrDefault("redirect_uri") != grant.RedirectUri)
            return ExternalReply.Of(400, new { error = "invalid_grant", error_description = "unknown code" });
        var verified = form.TryGetValue("code_verifier", out var verifier)
            ? Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))) : null;
        if (verified != grant.Challenge)
            return ExternalReply.Of(400, new { error = "invalid_grant", error_description = "wrong verifier" });
        return ExternalReply.Ok(new { access_token = "foreign-access-token", token_type = "Bearer", id_token = Key.Sign(grant.Claims) });
    }

    private sealed record AuthorizationGrant(JsonObject Claims, string RedirectUri, string? Challenge);
}

/// <summary>A signing key of a provider, with its key ID.</summary>
/// <param name="algorithm">RS256, PS256 or ES256.</param>
internal sealed class SigningKey(string id, string algorithm = "RS256")
{
    private readonly RSA rsa = RSA.Create(2048);
    private readonly ECDsa elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string Id => id;

    public JsonObject Public()
    {
        var key = new JsonObject { ["use"] = "sig", ["alg"] = algorithm, ["kid"] = id };
        if (algorithm == "ES256")
        {
            var point = elliptic.ExportParameters(includePrivateParameters: false).Q;
            (key["kty"], key["crv"]) = ("EC", "P-256");
            (key["x"], key["y"]) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        }
        else
        {
            var parameters = rsa.ExportParameters(includePrivateParameters: false);
            key["kty"] = "RSA";
            (key["n"], key["e"]) = (Base64Url.EncodeToString(parameters.Modulus), Base64Url.EncodeToString(parameters.Exponent));
        }
        return key;
    }

    public string Sign(JsonObject claims) => Sign(new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = id }, claims);

    /// <param name="header">The JWS header, used unchanged even if it does not match the signature.</param>
    public string Sign(JsonObject header, JsonObject claims) => SignParts(Encode(header), Encode(claims));

    /// <summary>Signs two arbitrary parts.</summary>
    public string SignParts(string header, string claims)
    {
        var text = Encoding.ASCII.GetBytes($"{header}.{claims}");
        var signature = algorithm switch
        {
            "ES256" => elliptic.SignData(text, HashAlgorithmName.SHA256),
            "PS256" => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{header}.{claims}.{Base64Url.EncodeToString(signature)}";
    }

    public static string Encode(JsonNode json) => Encode(json.ToJsonString());

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
