using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// What the operator of a protected location asks of those who use it: the query of the proxy's question
/// (contract/ingress.md 2).
/// </summary>
internal sealed record IngressRule
{
    /// <summary>What a token must live at least to have a child, if the location does not say.</summary>
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(5);

    private IngressRefusal? lacksScope;

    public ScopeSet Scopes { get; init; } = ScopeSet.Empty;

    /// <summary>One of the scopes is enough; else all are needed.</summary>
    public bool AnyScope { get; init; }

    /// <summary>The protected service, by whose name requests are counted; null if it has none.</summary>
    public string? Service { get; init; }

    public bool AllowOptions { get; init; }

    /// <summary>Hand on a notebook token.</summary>
    public bool Notebook { get; init; }

    /// <summary>Hand on an internal token made for this service; null for none.</summary>
    public string? DelegateTo { get; init; }

    public ScopeSet DelegateScopes { get; init; } = ScopeSet.Empty;

    /// <summary>
    /// The refusal of a token without the scopes. Made once: a rule is one location's, which asks for credentials in one way.
    /// </summary>
    public IngressRefusal LacksScope(Challenge challenge) =>
        lacksScope ??= IngressRefusal.Denied(challenge, "Token missing required scope", Scopes);

    /// <summary>Whether a child is handed on.</summary>
    public bool Delegates => Notebook || DelegateTo is not null;

    /// <summary>As it was given; null if it was not.</summary>
    public TimeSpan? GivenLifetime { get; init; }

    /// <summary>How long the token must last at least; null if that does not matter.</summary>
    public TimeSpan? MinimumLifetime => GivenLifetime ?? (Delegates ? ShortestLifetime : null);

    /// <summary>Put the child into <c>Authorization</c> too.</summary>
    public bool UseAuthorization { get; init; }

    /// <summary>Only tokens of these services; null if that does not matter.</summary>
    public IReadOnlyList<string>? OnlyServices { get; init; }

    /// <summary>Only this user.</summary>
    public string? Username { get; init; }

    /// <summary>Only the user whose name the host begins with.</summary>
    public bool UserDomain { get; init; }

    /// <summary>Returns the error of two parameters that contradict each other; null if there is none.</summary>
    public RuleContradiction? FindContradiction()
    {
        if (Notebook && DelegateTo is not null)
            return new("delegate_to cannot be set for notebook tokens", "invalid_delegate_to");
        return Service is not null && DelegateTo is not null && Service != DelegateTo
            ? new("service must be the same as delegate_to", "invalid_service")
            : null;
    }
}

/// <summary>Represents two parameters of a rule that contradict each other.</summary>
internal sealed record RuleContradiction(string Message, string Type)
{
    public Problem ToProblem() => Problem.Misused("delegate_to", Message, Type);
}

/// <summary>How the proxy wants the user to be asked for credentials, and what the user's request was.</summary>
/// <param name="Url">The address that the user asked for; empty, and the rule not to be read, if the proxy does not say.</param>
internal sealed record IngressAsker(bool AllowCookies, Challenge Challenge, string Url, string Method, bool IsAjax)
{
    public bool IsOptions => Method == HttpMethods.Options;
}
