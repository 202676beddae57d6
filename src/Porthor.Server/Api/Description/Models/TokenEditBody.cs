namespace Porthor.Server.Api.Description.Models;

/// <summary>A change of a user token. Absent fields are not changed.</summary>
internal sealed record TokenEditBody
{
    /// <summary>A new name.</summary>
    public string? TokenName { get; init; }

    /// <summary>The new scopes. Removed scopes are also removed from child tokens. An empty list removes all scopes.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>The new time of expiration; null if the token does not expire. Child tokens do not expire later than the token.</summary>
    public long? Expires { get; init; }
}
