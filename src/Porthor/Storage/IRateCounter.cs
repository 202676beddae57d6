namespace Porthor.Storage;

/// <summary>What is counted: the requests of a user to a service. The quota is part of it, so that a new one counts anew.</summary>
public readonly record struct RateKey(string Username, string Service, long Quota);

/// <param name="Count">With the request that was just counted.</param>
/// <param name="UntilReset">How long until counting begins anew.</param>
public readonly record struct RateCount(long Count, TimeSpan UntilReset);

/// <summary>
/// Counts requests in windows of a minute, each beginning with the first request that it counts (contract/ingress.md 8).
/// </summary>
public interface IRateCounter
{
    /// <summary>Counts one more, in one step.</summary>
    /// <exception cref="StoreUnavailableException">Nothing is known about the count.</exception>
    Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken);
}
