using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Porthor.Server.Configuration;

namespace Porthor.Server.Login.Oidc;

/// <summary>
/// Whether an ID token was made by our provider, for us, for this login, and now (contract/login.md 4). Only RS256: what the
/// token's header says about the algorithm is for comparison, never a choice.
/// </summary>
internal sealed class IdTokenVerifier(OidcSettings settings, OidcDiscovery discovery, TimeProvider clock)
{
    /// <summary>How far the provider's clock and ours may be apart (docs/decisions/0015).</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The claims of a token that holds.</summary>
    /// <param name="nonce">What it must repeat; null if nothing was sent that it could.</param>
    /// <exception cref="UnverifiedTokenException">It does not hold.</exception>
    /// <exception cref="LoginFailedException">The provider's keys cannot be looked up.</exception>
    public async Task<JsonElement> VerifyAsync(string token, string? nonce, CancellationToken cancellationToken)
    {
        var read = Read(token);
        if (read.Claims.TextMember("iss") is not { } issuer)
            throw new UnverifiedTokenException("No iss claim in token");
        if (read.Token.Kid is not { Length: > 0 } keyId)
            throw new UnverifiedTokenException("No kid in token header");
        if (issuer != settings.Issuer)
            throw new UnverifiedTokenException($"Unknown issuer: {issuer}") { Hint = $"The configured issuer is {settings.Issuer}" };

        await VerifySignatureAsync(read.Token, keyId, cancellationToken);
        CheckTimes(read.Claims);
        foreach (var name in (ReadOnlySpan<string>)["sub", "jti"])
        {
            if (read.Claims.Member(name) is { ValueKind: not JsonValueKind.String })
                throw new UnverifiedTokenException($"The {name} claim in the token is no text");
        }
        await CheckNonceAsync(read.Claims.Member("nonce"), nonce, cancellationToken);
        return read.Claims;
    }

    private static (JsonWebToken Token, JsonElement Claims) Read(string token)
    {
        try
        {
            var read = Handler.ReadJsonWebToken(token);
            using var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(read.EncodedPayload));
            return claims.RootElement.ValueKind == JsonValueKind.Object
                ? (read, claims.RootElement.Clone())
                : throw new UnverifiedTokenException("The token cannot be read");
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            // Not the exception's text, which may show the token.
            throw new UnverifiedTokenException("The token cannot be read");
        }
    }

    /// <summary>With the keys that are known, and if that fails with those that the provider has now: it may have changed them.</summary>
    private async Task VerifySignatureAsync(JsonWebToken token, string keyId, CancellationToken cancellationToken)
    {
        var keys = await discovery.GetKeysAsync(otherThan: null, cancellationToken);
        try
        {
            await VerifySignatureAsync(token, keyId, keys);
        }
        catch (UnverifiedTokenException)
        {
            var others = await discovery.GetKeysAsync(otherThan: keys, cancellationToken);
            await VerifySignatureAsync(token, keyId, others);
        }
    }

    private async Task VerifySignatureAsync(JsonWebToken token, string keyId, OidcKeys keys)
    {
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = settings.Issuer,
            ValidAudience = settings.Audience,
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            IssuerSigningKey = KeyOf(keyId, keys),
            RequireSignedTokens = true,
            // Checked by our own clock, below.
            ValidateLifetime = false,
            LogValidationExceptions = false,
        });
        if (!result.IsValid)
            throw new UnverifiedTokenException(Explain(result.Exception));
    }

    private RsaSecurityKey KeyOf(string keyId, OidcKeys keys)
    {
        if (keys.Find(keyId) is not { } key)
            throw new UnverifiedTokenException($"Issuer {settings.Issuer} has no kid {keyId}");
        // Some providers leave the algorithm out; then it is the only one that we take.
        if (key.Member("alg") is { } algorithm && !(algorithm.ValueKind == JsonValueKind.String && algorithm.ValueEquals(SecurityAlgorithms.RsaSha256)))
            throw new UnverifiedTokenException($"Issuer {settings.Issuer} kid {keyId} had algorithm {algorithm} not RS256");
        try
        {
            var parameters = new RSAParameters
            {
                Modulus = Base64UrlEncoder.DecodeBytes(key.TextMember("n") ?? ""),
                Exponent = Base64UrlEncoder.DecodeBytes(key.TextMember("e") ?? ""),
            };
            if (parameters.Modulus.Length > 0 && parameters.Exponent.Length > 0)
                return new RsaSecurityKey(parameters) { KeyId = keyId };
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
        }
        throw new UnverifiedTokenException($"Issuer {settings.Issuer} kid {keyId} is no RSA key");
    }

    /// <summary>Each is checked if it is there; none has to be (contract/login.md 4, step 5).</summary>
    private void CheckTimes(JsonElement claims)
    {
        var now = clock.GetUtcNow();
        if (Time(claims, "exp") is { } expires && now >= expires + Leeway)
            throw new UnverifiedTokenException("The token has expired") { Hint = Clocks(now, "expired", expires) };
        if (Time(claims, "nbf") is { } begins && now < begins - Leeway)
            throw new UnverifiedTokenException("The token is not yet valid (nbf)") { Hint = Clocks(now, "begins", begins) };
        if (Time(claims, "iat") is { } issued && now < issued - Leeway)
            throw new UnverifiedTokenException("The token is not yet valid (iat)") { Hint = Clocks(now, "was made", issued) };
    }

    /// <summary>
    /// A token that was made for another login must not finish this one. A provider that publishes no metadata may not know
    /// nonces, and is excused from repeating ours; from repeating another it is not.
    /// </summary>
    private async Task CheckNonceAsync(JsonElement? repeated, string? sent, CancellationToken cancellationToken)
    {
        if (sent is null)
            return;
        if (repeated is null && !(await discovery.GetMetadataAsync(cancellationToken)).IsPublished)
            return;
        if (repeated is not { ValueKind: JsonValueKind.String } nonce || !new Secrets.Secret(sent).Matches(nonce.GetString()))
            throw new UnverifiedTokenException("The nonce in the token is not that of this login");
    }

    private static DateTimeOffset? Time(JsonElement claims, string name)
    {
        if (claims.Member(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && Math.Abs(seconds) < DateTimeOffset.MaxValue.ToUnixTimeSeconds() / 2)
            return DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds);
        throw new UnverifiedTokenException($"The {name} claim in the token is no time");
    }

    private static string Clocks(DateTimeOffset now, string what, DateTimeOffset time) =>
        FormattableString.Invariant($"By our clock it is {now.UtcDateTime:s}Z; the token {what} at {time.UtcDateTime:s}Z");

    private string Explain(Exception exception) => exception switch
    {
        SecurityTokenInvalidAudienceException => $"The token is not for {settings.Audience}",
        SecurityTokenInvalidAlgorithmException => "The token's algorithm is not RS256",
        _ => "The signature is not valid",
    };
}

/// <summary>An ID token does not hold, or what it would be verified with is of no use. Its text may be shown.</summary>
internal sealed class UnverifiedTokenException(string message) : Exception(message)
{
    /// <summary>What an operator would compare it with, for the log; null for nothing.</summary>
    public string? Hint { get; init; }
}
