using Porthor.Tokens;

namespace Porthor.Ingress;

/// <summary>
/// Receives the results of the steps of an authorization when they are known, so that the log lines of later steps contain them.
/// Implementations return quickly and do not throw.
/// </summary>
public interface IIngressObserver
{
    /// <summary>Called when the token of the request is valid.</summary>
    void Authenticated(TokenRecord record);

    /// <summary>Called when the request was counted for the quota.</summary>
    void Counted(RateStatus quota);

    /// <summary>Called if the request cannot be counted. The request is then allowed, as if the user had no quota.</summary>
    void CountFailed();
}
