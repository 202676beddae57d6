using Porthor.Tokens;

namespace Porthor.Ingress;

/// <summary>
/// Is told about an authorization while it goes on, so that the log lines of the operations it calls have the fields of the request.
/// Implementations return quickly and do not throw.
/// </summary>
public interface IIngressObserver
{
    /// <summary>Called when the token of the request turned out to be valid.</summary>
    void Authenticated(TokenRecord record);

    /// <summary>Called when the request was counted.</summary>
    void Counted(RateStatus quota);

    /// <summary>Called if the request cannot be counted. It is allowed as without a quota.</summary>
    void CountFailed();
}
