namespace Porthor.Ingress;

/// <summary>
/// Represents the answer to an authorization subrequest: an <see cref="AllowedAnswer"/> or a <see cref="DeniedAnswer"/>. The format of the
/// HTTP response depends on the proxy and is not part of the answer.
/// </summary>
public abstract class IngressAnswer
{
    /// <summary>The HTTP status for the user. The response to the proxy may have another status, with this one in a header.</summary>
    public abstract int Status { get; }

    /// <summary>The outcome for metrics.</summary>
    public AuthorizationOutcome Outcome => AuthorizationOutcomes.OfStatus(Status);

    /// <summary>The state of the quota after the request was counted; null if the request was not counted.</summary>
    public RateStatus? Quota { get; init; }
}

/// <summary>Receives the headers of an answer.</summary>
public interface IHeaderTarget
{
    /// <summary>Sets a header. The value contains no control characters.</summary>
    void Set(string name, string value);
}
