namespace Porthor.Ingress;

/// <summary>The result of an authorization subrequest, as metrics name it.</summary>
public enum AuthorizationOutcome
{
    /// <summary>The request of the user is allowed.</summary>
    Allowed,

    /// <summary>The request has no valid credentials.</summary>
    Unauthenticated,

    /// <summary>The token is valid, and the rule does not allow it.</summary>
    Denied,

    /// <summary>The user has sent more requests than the quota allows.</summary>
    RateLimited,

    /// <summary>The subrequest is invalid: an error in the configuration of the proxy.</summary>
    Invalid,

    /// <summary>A store did not answer.</summary>
    Unavailable,

    /// <summary>An internal error.</summary>
    Failed,

    /// <summary>The proxy closed the connection before it was answered.</summary>
    Abandoned,
}

/// <summary>Derives outcomes from HTTP statuses.</summary>
public static class AuthorizationOutcomes
{
    /// <summary>Returns the outcome that an HTTP status stands for.</summary>
    /// <param name="status">The intended status, which is not always the status that NGINX gets.</param>
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
