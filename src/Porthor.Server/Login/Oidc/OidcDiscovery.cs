using System.Text.Json;
using Porthor.Server.Configuration;
using Porthor.Server.Values;

namespace Porthor.Server.Login.Oidc;

/// <summary>Represents the part of the metadata of a provider that Porthor uses.</summary>
/// <param name="KeysUrl">The URL of the provider's keys.</param>
/// <param name="IsPublished">False if the provider publishes no metadata. Some providers are older than OpenID Connect Discovery.</param>
/// <param name="TakesChallenge">True if the provider supports PKCE with S256 (RFC 7636).</param>
internal sealed record OidcMetadata(string KeysUrl, bool IsPublished, bool TakesChallenge);

/// <summary>Represents the keys of the provider.</summary>
internal sealed record OidcKeys(IReadOnlyList<JsonElement> Keys)
{
    /// <summary>Returns the keys with an id, in the order in which they are published. A key without an id is ignored.</summary>
    public IReadOnlyList<JsonElement> Find(string id) => [.. Keys.Where(key => key.TextMember("kid") == id)];
}

/// <summary>
/// Retrieves the metadata and keys of the provider (contract/login.md 4, steps 2 and 3), and caches both for an hour, so that a login
/// usually needs only the request to the token endpoint. If no key verifies a token, the keys are retrieved again.
/// </summary>
internal sealed class OidcDiscovery
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly string issuer;
    private readonly ProviderClient client;
    private readonly AsyncExpiringLazy<OidcMetadata> metadata;
    private readonly AsyncExpiringLazy<OidcKeys> keys;
    private OidcMetadata? lookedUpWith;

    public OidcDiscovery(OidcSettings settings, ProviderClient client, TimeProvider clock)
    {
        this.client = client;
        issuer = settings.Issuer;
        metadata = new AsyncExpiringLazy<OidcMetadata>(FetchMetadataAsync, KeptFor, clock);
        keys = new AsyncExpiringLazy<OidcKeys>(FetchKeysAsync, KeptFor, clock);
    }

    public Task<OidcMetadata> GetMetadataAsync(CancellationToken cancellationToken) =>
        metadata.GetAsync(otherThan: null, cancellationToken);

    /// <param name="otherThan">The keys with which a token could not be verified; null at the first attempt.</param>
    /// <exception cref="UnverifiedTokenException">The published metadata or keys are invalid.</exception>
    /// <exception cref="LoginFailedException">The provider is unavailable.</exception>
    public Task<OidcKeys> GetKeysAsync(OidcKeys? otherThan, CancellationToken cancellationToken) =>
        keys.GetAsync(otherThan, cancellationToken);

    private async Task<OidcMetadata> FetchMetadataAsync()
    {
        var root = issuer.TrimEnd('/');
        var byConvention = $"{root}/.well-known/jwks.json";
        var reply = await client.GetAsync($"{root}/.well-known/openid-configuration", CancellationToken.None);
        if (reply.Status == System.Net.HttpStatusCode.NotFound)
            return new OidcMetadata(byConvention, IsPublished: false, TakesChallenge: false);
        if (!reply.IsSuccess)
            throw client.BadStatus(reply).ToException();
        if (reply.TryReadJson() is not { } document || document.TextMember("jwks_uri") is not { } url)
            throw new UnverifiedTokenException($"No jwks_uri property in OIDC metadata for {issuer}");
        if (issuer.StartsWith("https:", StringComparison.OrdinalIgnoreCase) && url.StartsWith("http:", StringComparison.OrdinalIgnoreCase))
            throw new UnverifiedTokenException($"The jwks_uri in OIDC metadata for {issuer} is not https");
        var methods = document.Member("code_challenge_methods_supported");
        var takesChallenge = methods is { ValueKind: JsonValueKind.Array } list
            && list.EnumerateArray().Any(method => method.ValueKind == JsonValueKind.String && method.ValueEquals("S256"));
        return new OidcMetadata(url.Length > 0 ? url : byConvention, IsPublished: true, takesChallenge);
    }

    /// <summary>Retrieves the keys with current metadata, because their URL may have changed.</summary>
    private async Task<OidcKeys> FetchKeysAsync()
    {
        var known = await metadata.GetAsync(otherThan: lookedUpWith, CancellationToken.None);
        lookedUpWith = known;
        var reply = await client.GetAsync(known.KeysUrl, CancellationToken.None);
        if (!reply.IsSuccess)
            throw client.BadStatus(reply).ToException();
        return reply.TryReadJson()?.Member("keys") is { ValueKind: JsonValueKind.Array } list
            ? new OidcKeys([.. list.EnumerateArray()])
            : throw new UnverifiedTokenException($"No keys property in JWKS metadata for {known.KeysUrl}");
    }
}
