namespace Porthor.Server.Http;

/// <summary>
/// Specifies which tokens a route accepts (contract/api.md 5). Every route of the API must have a policy; a route without one is not
/// served.
/// </summary>
internal sealed record AccessPolicy
{
    /// <summary>Allows every valid token.</summary>
    public static readonly AccessPolicy AnyToken = new();

    /// <summary>Allows only a session cookie; a token in a header is not accepted.</summary>
    public static readonly AccessPolicy Session = new() { RequiresSession = true };

    /// <summary>Allows only a token in a Bearer header; cookies and Basic credentials are not used.</summary>
    public static readonly AccessPolicy BearerToken = new() { RequiresBearer = true };

    public bool RequiresSession { get; private init; }

    public bool RequiresBearer { get; private init; }

    /// <summary>Gets the scope that the token must have; null if the operation decides.</summary>
    public string? Scope { get; private init; }

    /// <summary>Gets whether the bootstrap token is accepted. It needs no scope.</summary>
    public bool AllowsBootstrap { get; private init; }

    /// <summary>Gets whether the route has a JSON body. The body is read before anything else is checked.</summary>
    public bool HasBody { get; private init; }

    public AccessPolicy WithScope(string scope) => this with { Scope = scope };

    public AccessPolicy OrBootstrap() => this with { AllowsBootstrap = true };

    public AccessPolicy WithBody() => this with { HasBody = true };
}
