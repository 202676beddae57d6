using Porthor.Tokens;

namespace Porthor.OpenIdConnect;

/// <summary>Represents what is stored for an authorization code (contract/oidc-server.md 6).</summary>
public sealed record StoredAuthorization
{
    /// <summary>The time for which a code is stored.</summary>
    public static readonly TimeSpan CodeLifetime = TimeSpan.FromHours(1);

    /// <summary>The code.</summary>
    public required AuthorizationCode Code { get; init; }

    /// <summary>The client to which the code was issued.</summary>
    public required string ClientId { get; init; }

    /// <summary>The redirect URI of the authorization request, with its query.</summary>
    public required string RedirectUri { get; init; }

    /// <summary>The session of the user.</summary>
    public required Token Token { get; init; }

    /// <summary>The time of creation, in whole seconds.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The scopes of OpenID Connect, sorted.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>The nonce for the ID token; null if the request had none.</summary>
    public string? Nonce { get; init; }
}
