namespace Porthor.OpenIdConnect;

/// <summary>Represents the settings of the OpenID Connect provider.</summary>
public sealed record OpenIdOptions
{
    /// <summary>The issuer, exactly as it is published.</summary>
    public required string Issuer { get; init; }

    /// <summary>The text at the end of each generated client ID; may be empty.</summary>
    public required string ClientSuffix { get; init; }

    /// <summary>The lifetime of ID tokens if the session of the user has no expiration.</summary>
    public required TimeSpan Lifetime { get; init; }

    /// <summary>The keywords for the claim <c>data_rights</c>, by the name of the group.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> DataRights { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
