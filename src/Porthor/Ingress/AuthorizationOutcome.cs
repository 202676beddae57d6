namespace Porthor.Ingress;

/// <summary>Identifies the result of an authorization subrequest in the metrics.</summary>
public enum AuthorizationOutcome
{
    /// <summary>The request of the user is allowed.</summary>
    Allowed,

    /// <summary>The request has no valid credentials.</summary>
    Unauthenticated,

    /// <summary>The token is valid, but the rule does not allow it.</summary>
    Denied,

    /// <summary>The user has sent more requests than the quota allows.</summary>
    RateLimited,

    /// <summary>The subrequest is invalid, because of an error in the configuration of the proxy.</summary>
    Invalid,

    /// <summary>A store did not respond.</summary>
    Unavailable,

    /// <summary>An internal error occurred.</summary>
    Failed,

    /// <summary>The proxy closed the connection before the response.</summary>
    Abandoned,
}

/// <summary>Determines the outcome from an HTTP status.</summary>
public static class AuthorizationOutcomes
{
    /// <summary>Returns the outcome for an HTTP status.</summary>
    /// <param name="status">The status for the user. NGINX may receive another status.</param>
    public static AuthorizationOutcome OfStatus(int status) => status switch
    {
        200 => AuthorizationOutcome.Allowed,
        401 => AuthorizationOutcome.Unauthenticated,
        403 => AuthorizationOutcome.Denied,
        429 => AuthorizationOutcome.RateLimited,
        503 => AuthorizationOutcome.Unavailable,
        < 500 => AuthorizationOutcome.Invalid,
        _ => AuthorizationOutcome.Failed,
    };
}
