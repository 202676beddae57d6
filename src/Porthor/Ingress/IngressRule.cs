using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>
/// Represents the requirements and effects of a protected location: the query of <c>/ingress/auth</c> (contract/ingress.md 2).
/// </summary>
public sealed record IngressRule
{
    /// <summary>The minimum remaining lifetime of a token from which a child token is created, if the rule sets none.</summary>
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(5);

    private DeniedAnswer? lacksScope;

    /// <summary>The required scopes.</summary>
    public ScopeSet Scopes { get; init; } = ScopeSet.Empty;

    /// <summary>True if one of the scopes is sufficient; false if all are required.</summary>
    public bool AnyScope { get; init; }

    /// <summary>The protected service, for quotas and metrics; null if the rule names none.</summary>
    public string? Service { get; init; }

    /// <summary>True if OPTIONS requests that are not CORS preflights are allowed.</summary>
    public bool AllowOptions { get; init; }

    /// <summary>True if the application receives a notebook token.</summary>
    public bool Notebook { get; init; }

    /// <summary>The service whose internal token the application receives; null for none.</summary>
    public string? DelegateTo { get; init; }

    /// <summary>The scopes of the internal token. It gets only those that the user's token has.</summary>
    public ScopeSet DelegateScopes { get; init; } = ScopeSet.Empty;

    /// <summary>True if the application receives a child token.</summary>
    public bool Delegates => Notebook || DelegateTo is not null;

    /// <summary>The minimum lifetime in the rule; null if the rule sets none.</summary>
    public TimeSpan? GivenLifetime { get; init; }

    /// <summary>The minimum remaining lifetime of the token; null if every lifetime is accepted.</summary>
    public TimeSpan? MinimumLifetime => GivenLifetime ?? (Delegates ? ShortestLifetime : null);

    /// <summary>True if the child token replaces the <c>Authorization</c> header of the request.</summary>
    public bool UseAuthorization { get; init; }

    /// <summary>The services whose internal tokens are accepted; null if all tokens are accepted.</summary>
    public IReadOnlyList<string>? OnlyServices { get; init; }

    /// <summary>The only user who is allowed; null if all users are allowed.</summary>
    public string? Username { get; init; }

    /// <summary>True if the username must equal the first label of the requested host.</summary>
    public bool UserDomain { get; init; }

    /// <summary>
    /// Returns the answer to a token that lacks required scopes. The answer is created once and shared, because a rule belongs to one
    /// location, which has one type of challenge.
    /// </summary>
    public DeniedAnswer LacksScope(ChallengeType challenge) =>
        lacksScope ??= DeniedAnswer.NotAllowed(challenge, "Token missing required scope", Scopes, isShared: true);

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
/// <param name="Message">The error for the client.</param>
/// <param name="Type">The error code.</param>
public sealed record RuleContradiction(string Message, string Type);
