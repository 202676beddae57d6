namespace Porthor.Ingress;

/// <summary>
/// The answer to an authorization subrequest: an <see cref="AllowedAnswer"/> or a <see cref="DeniedAnswer"/>. It says nothing about the
/// form of the response, which depends on the proxy.
/// </summary>
public abstract class IngressAnswer
{
    /// <summary>The HTTP status for the user. A proxy may need another status to be told this one.</summary>
    public abstract int Status { get; }

    /// <summary>The outcome for metrics.</summary>
    public AuthorizationOutcome Outcome => AuthorizationOutcomes.OfStatus(Status);

    /// <summary>The state of the quota after the request was counted; null if the request was not counted.</summary>
    public RateStatus? Quota { get; init; }
}

/// <summary>Receives the headers that an answer consists of.</summary>
public interface IHeaderTarget
{
    /// <summary>Sets a header. The value contains no control characters.</summary>
    void Set(string name, string value);
}
