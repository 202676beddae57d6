using System.Text.Json;
using Porthor.Server.Configuration;
using Porthor.Server.Values;

namespace Porthor.Server.Login.Oidc;

/// <summary>
/// Verifies that an ID token was issued by the configured provider, for this client, for this login, and is valid now
/// (contract/login.md 4, OpenID Connect Core 3.1.3.7). The algorithm in the header must be a configured one and match the type of the key.
/// </summary>
internal sealed class IdTokenVerifier(OidcSettings settings, OidcDiscovery discovery, TimeProvider clock)
{
    /// <summary>The maximum difference between the clocks of the provider and of Porthor (docs/decisions/0015).</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    /// <summary>Verifies a token and returns its claims.</summary>
    /// <param name="nonce">The nonce that was sent and that the token must contain; null if none was sent.</param>
    /// <exception cref="UnverifiedTokenException">The token cannot be trusted.</exception>
    /// <exception cref="LoginFailedException">The provider's keys cannot be retrieved.</exception>
    public async Task<JsonElement> VerifyAsync(string text, string? nonce, CancellationToken cancellationToken)
    {
        var token = IdToken.Parse(text);
        var claims = token.Claims;
        if (claims.TextMember("iss") is not { } issuer)
            throw new UnverifiedTokenException("No iss claim in token");
        if (token.Header.TextMember("kid") is not { Length: > 0 } keyId)
            throw new UnverifiedTokenException("No kid in token header");
        if (issuer != settings.Issuer)
            throw new UnverifiedTokenException($"Unknown issuer: {issuer}") { Hint = $"The configured issuer is {settings.Issuer}" };

        token.CheckHeader();
        await VerifySignatureAsync(token, keyId, cancellationToken);
        CheckAudience(claims);
        CheckTimes(claims);
        CheckSubject(claims);
        await CheckNonceAsync(claims.Member("nonce"), nonce, cancellationToken);
        return claims;
    }

    /// <summary>
    /// Verifies the signature with the cached keys. If that fails, retrieves the keys again, because the provider may have changed
    /// them; <see cref="AsyncExpiringLazy{T}"/> limits how often.
    /// </summary>
    private async Task VerifySignatureAsync(IdToken token, string keyId, CancellationToken cancellationToken)
    {
        var algorithm = token.Header.TextMember("alg");
        if (algorithm is null || !settings.IdTokenAlgorithms.Contains(algorithm))
            throw new UnverifiedTokenException(LoginFailure.Shortened($"The algorithm {algorithm ?? "of the token"} is not accepted"));
        var keys = await discovery.GetKeysAsync(otherThan: null, cancellationToken);
        if (FindError(token, keyId, algorithm, keys) is null)
            return;
        var newer = await discovery.GetKeysAsync(otherThan: keys, cancellationToken);
        if (FindError(token, keyId, algorithm, newer) is { } error)
            throw new UnverifiedTokenException(error);
    }

    /// <summary>
    /// Returns why the signature cannot be verified; null if it is valid. If several keys have the id, the last suitable one is used.
    /// </summary>
    private string? FindError(IdToken token, string keyId, string algorithm, OidcKeys keys)
    {
        var candidates = keys.Find(keyId);
        if (candidates.Count == 0)
            return LoginFailure.Shortened($"Issuer {settings.Issuer} has no kid {keyId}");
        foreach (var key in candidates.Reverse())
        {
            if (ProviderKey.FindError(key, algorithm) is null)
                return ProviderKey.Verifies(key, algorithm, token.SignedPart, token.Signature) ? null : "The signature is not valid";
        }
        return LoginFailure.Shortened($"Issuer {settings.Issuer} kid {keyId} {ProviderKey.FindError(candidates[^1], algorithm)}");
    }

    /// <summary>
    /// Requires that <c>aud</c> contains the client id. If the token has several audiences, it must have <c>azp</c>. If it has <c>azp</c>,
    /// this must be the client id.
    /// </summary>
    private void CheckAudience(JsonElement claims)
    {
        if (claims.Member("aud") is not { } audience || !TextsOf(audience).Contains(settings.Audience))
            throw new UnverifiedTokenException($"The token is not for {settings.Audience}");
        if (Claim(claims, "azp") is { } party)
        {
            if (party.ValueKind != JsonValueKind.String || !party.ValueEquals(settings.ClientId))
                throw new UnverifiedTokenException(LoginFailure.Shortened($"The token was issued to {party}, not to {settings.ClientId}"));
        }
        else if (TextsOf(audience).Distinct().Count() > 1)
        {
            throw new UnverifiedTokenException("The token is for several audiences, and has no azp claim");
        }
    }

    /// <summary>Returns a text, or the texts of a list. Returns an empty result if the list contains another value.</summary>
    private static IReadOnlyList<string> TextsOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => [json.GetString()!],
        JsonValueKind.Array when json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [.. json.EnumerateArray().Select(item => item.GetString()!)],
        _ => [],
    };

    /// <summary>Requires <c>exp</c>; <c>nbf</c> and <c>iat</c> are checked if they exist.</summary>
    private void CheckTimes(JsonElement claims)
    {
        var now = clock.GetUtcNow();
        var expires = Time(claims, "exp") ?? throw new UnverifiedTokenException("No exp claim in token");
        if (now - Leeway >= expires)
            throw new UnverifiedTokenException("The token has expired") { Hint = Clocks(now, "expired", expires) };
        if (Time(claims, "nbf") is { } begins && now + Leeway < begins)
            throw new UnverifiedTokenException("The token is not yet valid (nbf)") { Hint = Clocks(now, "becomes valid", begins) };
        if (Time(claims, "iat") is { } issued && now + Leeway < issued)
            throw new UnverifiedTokenException("The token is not yet valid (iat)") { Hint = Clocks(now, "was issued", issued) };
    }

    private static void CheckSubject(JsonElement claims)
    {
        foreach (var name in (ReadOnlySpan<string>)["sub", "jti"])
        {
            if (Claim(claims, name) is { ValueKind: not JsonValueKind.String })
                throw new UnverifiedTokenException($"The {name} claim in the token is not a text");
        }
        if (claims.TextMember("sub") is not { Length: > 0 })
            throw new UnverifiedTokenException("No sub claim in token");
    }

    /// <summary>
    /// Rejects a token that was issued for another login. A provider without published metadata may not support nonces, so the claim may be
    /// missing; a wrong nonce is always rejected.
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

    /// <summary>Returns a claim whose value is not null.</summary>
    private static JsonElement? Claim(JsonElement claims, string name) =>
        claims.Member(name) is { ValueKind: not JsonValueKind.Null } value ? value : null;

    /// <summary>Reads seconds since 1970, up to the year 9999. Larger numbers are most likely milliseconds.</summary>
    private static DateTimeOffset? Time(JsonElement claims, string name)
    {
        if (Claim(claims, name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
            && seconds >= 0 && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds);
        throw new UnverifiedTokenException(LoginFailure.Shortened($"The {name} claim in the token is not a time in seconds: {value}"));
    }

    private static string Clocks(DateTimeOffset now, string @event, DateTimeOffset time) =>
        FormattableString.Invariant($"Porthor's clock is at {now.UtcDateTime:s}Z; the token {@event} at {time.UtcDateTime:s}Z");
}
