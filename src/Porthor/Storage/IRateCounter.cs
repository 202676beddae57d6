namespace Porthor.Storage;

/// <summary>
/// Identifies a counter of the requests of a user to a service. The key contains the quota, so that a changed quota starts a new counter.
/// </summary>
/// <param name="Username">The user.</param>
/// <param name="Service">The service.</param>
/// <param name="Quota">The allowed number of requests in a window.</param>
public readonly record struct RateKey(string Username, string Service, long Quota);

/// <summary>Represents the state of a counter after a request.</summary>
/// <param name="Count">The number of requests in the window, including the request that was just counted.</param>
/// <param name="UntilReset">The time until the window ends and the count starts again.</param>
public readonly record struct RateCount(long Count, TimeSpan UntilReset);

/// <summary>
/// Counts requests in windows of one minute. A window begins with the first request that it counts (contract/ingress.md 8).
/// </summary>
public interface IRateCounter
{
    /// <summary>Counts one request, atomically, and returns the new state of the counter.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond. The request may have been counted.</exception>
    Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken);
}
