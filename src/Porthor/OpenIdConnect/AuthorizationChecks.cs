using Porthor.Storage;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Contains the checks of an authorization request, in the order in which they are made (contract/oidc-server.md 5.2, checks 4 to 9).
/// </summary>
internal static class AuthorizationChecks
{
    /// <summary>Returns an error, or null if the request meets the check. The client is null if it is not registered.</summary>
    public delegate AuthorizationError? Check(AuthorizationRequest request, OidcClient? client);

    /// <summary>Returns all checks. After the second one, the client is known and the redirect URI belongs to it.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        (request, client) => client is null
            ? new("invalid_client", $"Unknown client ID {request.ClientId} in OpenID Connect request", "client_id")
            : null,
        (request, client) => RedirectUri.Parse(request.RedirectUri).Matches(RedirectUri.Parse(client!.ReturnUri))
            ? null
            : new(
                "return_uri_mismatch",
                $"Invalid return URI for client {request.ClientId} in OpenID Connect request: {request.RedirectUri}", "return_uri"),
        (request, _) => string.IsNullOrEmpty(request.ResponseType) ? ForClient("Missing response_type parameter") : null,
        (request, _) => request.ResponseType != "code" ? ForClient("code is the only supported response_type") : null,
        (request, _) => string.IsNullOrEmpty(request.Scope) ? ForClient("Missing scope parameter") : null,
        (request, _) => OpenIdScopes.Parse(request.Scope!).Contains(OpenIdScopes.OpenId)
            ? null
            : ForClient("Only OpenID Connect supported (openid not in scope)"),
    ];

    /// <summary>Returns the first error; null if the request is valid.</summary>
    public static AuthorizationError? Find(AuthorizationRequest request, OidcClient? client) =>
        All.Select(check => check(request, client)).FirstOrDefault(error => error is not null);

    private static AuthorizationError ForClient(string description) => new("invalid_request", description, Parameter: null);
}
