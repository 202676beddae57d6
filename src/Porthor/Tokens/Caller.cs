using System.Net;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>Who asks for an operation, and from where.</summary>
/// <param name="Record">The record of the token that authenticated the caller.</param>
/// <param name="IpAddress">The client's address; null for work that no client asked for.</param>
public sealed record Caller(TokenRecord Record, IPAddress? IpAddress)
{
    public string Username => Record.Username;

    public ScopeSet Scopes => Record.Scopes;

    public bool IsAdmin => Scopes.Contains(Tokens.Scopes.AdminToken);
}
