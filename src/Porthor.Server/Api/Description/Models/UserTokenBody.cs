namespace Porthor.Server.Api.Description.Models;

/// <summary>A token that users create for themselves.</summary>
internal sealed record UserTokenBody
{
    /// <summary>A name of 1 to 64 characters that no other token of the user has.</summary>
    /// <example>laptop</example>
    public required string TokenName { get; init; }

    /// <summary>The scopes of the token, which must be scopes of the caller. If absent, the token has no scopes.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>
    /// The time of expiration: seconds since 1970, or a date and time in ISO 8601. It must be at least five minutes from now. If null or
    /// absent, the token does not expire.
    /// </summary>
    /// <example>1798072321</example>
    public long? Expires { get; init; }
}
