namespace Porthor.Server.Http;

/// <summary>
/// Who may use a route (contract/api.md 5). Every route of the API carries one; the gate refuses to serve a route without.
/// </summary>
internal sealed record AccessPolicy
{
    /// <summary>Whoever shows any valid token.</summary>
    public static readonly AccessPolicy AnyToken = new();

    /// <summary>Only a browser's session; a token in a header does not count.</summary>
    public static readonly AccessPolicy Session = new() { RequiresSession = true };

    public bool RequiresSession { get; private init; }

    /// <summary>A scope that the token must have; null if the operation decides.</summary>
    public string? Scope { get; private init; }

    /// <summary>The bootstrap token is accepted, and needs no scope.</summary>
    public bool AllowsBootstrap { get; private init; }

    /// <summary>The body is JSON, and is read before anything else is checked.</summary>
    public bool HasBody { get; private init; }

    public AccessPolicy WithScope(string scope) => this with { Scope = scope };

    public AccessPolicy OrBootstrap() => this with { AllowsBootstrap = true };

    public AccessPolicy WithBody() => this with { HasBody = true };
}
