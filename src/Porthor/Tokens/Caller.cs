using System.Net;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>Represents an authenticated requester.</summary>
/// <param name="Record">The record of the presented token.</param>
/// <param name="IpAddress">The address of the client; null if no client made the request.</param>
public sealed record Caller(TokenRecord Record, IPAddress? IpAddress)
{
    /// <summary>Returns the name of the authenticated user.</summary>
    public string Username => Record.Username;

    /// <summary>Returns the scopes of the presented token.</summary>
    public ScopeSet Scopes => Record.Scopes;

    /// <summary>Returns true if the requester has the scope <see cref="Tokens.Scopes.AdminToken"/>.</summary>
    public bool IsAdmin => Scopes.Contains(Tokens.Scopes.AdminToken);
}
