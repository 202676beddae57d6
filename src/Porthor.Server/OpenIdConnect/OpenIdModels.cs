namespace Porthor.Server.OpenIdConnect;

// The types of bodies and responses, only for the API description. Names become snake case.

/// <summary>The discovery document of OpenID Connect.</summary>
internal sealed record OpenIdConfigurationAnswer
{
    /// <summary>The issuer, as ID tokens contain it.</summary>
    /// <example>https://example.com/</example>
    public required string Issuer { get; init; }

    public required string AuthorizationEndpoint { get; init; }

    public required string TokenEndpoint { get; init; }

    public required string UserinfoEndpoint { get; init; }

    public required string JwksUri { get; init; }

    public required string[] ScopesSupported { get; init; }

    public required string[] ResponseTypesSupported { get; init; }

    public required string[] ResponseModesSupported { get; init; }

    public required string[] GrantTypesSupported { get; init; }

    public required string[] SubjectTypesSupported { get; init; }

    public required string[] IdTokenSigningAlgValuesSupported { get; init; }

    public required string[] TokenEndpointAuthMethodsSupported { get; init; }
}

/// <summary>A JSON web key set.</summary>
internal sealed record KeySetAnswer
{
    public required KeyAnswer[] Keys { get; init; }
}

/// <summary>A public RSA key.</summary>
internal sealed record KeyAnswer
{
    public required string Alg { get; init; }

    public required string Kty { get; init; }

    public required string Use { get; init; }

    /// <summary>The ID of the key, which the header of ID tokens contains.</summary>
    public required string Kid { get; init; }

    /// <summary>The modulus in URL-safe Base64.</summary>
    public required string N { get; init; }

    /// <summary>The exponent in URL-safe Base64.</summary>
    public required string E { get; init; }
}

/// <summary>The form of a request for tokens.</summary>
internal sealed record TokenRequestForm
{
    /// <summary>Must be authorization_code.</summary>
    public required string GrantType { get; init; }

    /// <summary>The client ID. Absent if the client authenticates with Basic.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client secret. Absent if the client authenticates with Basic.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The authorization code.</summary>
    public required string Code { get; init; }

    /// <summary>The redirect URI of the authorization request.</summary>
    public required string RedirectUri { get; init; }
}

/// <summary>The tokens for an authorization code.</summary>
internal sealed record OpenIdTokenAnswer
{
    public required string AccessToken { get; init; }

    /// <summary>The ID token, a signed JSON web token.</summary>
    public required string IdToken { get; init; }

    /// <summary>The seconds until the ID token expires.</summary>
    public required long ExpiresIn { get; init; }

    /// <summary>The granted scopes, separated by blanks.</summary>
    public required string Scope { get; init; }

    /// <example>Bearer</example>
    public required string TokenType { get; init; }
}

/// <summary>An error of OAuth.</summary>
internal sealed record OAuthErrorAnswer
{
    /// <example>invalid_grant</example>
    public required string Error { get; init; }

    public required string ErrorDescription { get; init; }
}

/// <summary>Claims about a user.</summary>
internal sealed record ClaimsAnswer
{
    /// <summary>Keywords of data releases, separated by blanks. Absent if the user has none.</summary>
    public string? DataRights { get; init; }

    public string? Email { get; init; }

    public string? Name { get; init; }

    public required string PreferredUsername { get; init; }

    /// <summary>The username.</summary>
    public required string Sub { get; init; }
}

/// <summary>The data of a client that administrators set.</summary>
internal sealed record OpenIdClientBody
{
    /// <summary>The address of the client to which browsers return.</summary>
    /// <example>https://app.example.com/callback</example>
    public required string ReturnUri { get; init; }

    public required string Description { get; init; }

    /// <summary>Notes for administrators.</summary>
    public string? Notes { get; init; }
}

/// <summary>A client.</summary>
internal sealed record OpenIdClientAnswer
{
    /// <summary>The address of the client to which browsers return.</summary>
    public required string ReturnUri { get; init; }

    public required string Description { get; init; }

    /// <summary>Notes for administrators. Absent if there are none.</summary>
    public string? Notes { get; init; }

    public required string ClientId { get; init; }

    public required string LastModifiedBy { get; init; }

    /// <summary>The time of creation, in ISO 8601.</summary>
    public required string Created { get; init; }

    /// <summary>The time of the last change, in ISO 8601.</summary>
    public required string LastModified { get; init; }

    /// <summary>The address of the client in this API.</summary>
    public required string Url { get; init; }

    /// <summary>The secret. Only the response to the registration contains it.</summary>
    public string? ClientSecret { get; init; }
}
