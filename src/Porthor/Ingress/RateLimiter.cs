using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Users;

namespace Porthor.Ingress;

/// <summary>Represents the count of a request that has begun.</summary>
/// <param name="Key">The counter.</param>
/// <param name="Count">The result of the counter.</param>
internal sealed record PendingCount(RateKey Key, Task<RateCount> Count);

/// <summary>
/// Limits the number of requests of a user to a service per minute (contract/ingress.md 8). If the counter fails, the request is allowed,
/// because the user has been authenticated and authorized before.
/// </summary>
public sealed partial class RateLimiter(IRateCounter counter, IIngressObserver observer, TimeProvider clock, ILogger<RateLimiter> logger)
{
    /// <summary>
    /// The time after a failure during which the counter is not called, so that a counter that does not respond delays few requests.
    /// </summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>The <see cref="Stopwatch"/> timestamp of the last failure; 0 if there was none.</summary>
    private long failedAt;

    /// <summary>
    /// Begins to count a request while the record of its token is still being read, if the cached record would allow the request. Returns
    /// null if the request is not counted.
    /// </summary>
    internal PendingCount? Begin(UserInfo user, string? service) =>
        KeyOf(user, service) is { Quota: > 0 } key ? Begin(key) : null;

    /// <summary>Counts a request if the user has a quota for the service.</summary>
    /// <param name="user">The user, with the quota.</param>
    /// <param name="service">The service of the rule; null if it names none.</param>
    /// <param name="challenge">The type of the challenge if the quota is zero.</param>
    /// <param name="begun">A count that has begun; null if there is none. It is used only if it is for the same counter.</param>
    /// <returns>
    /// The state of the quota, null if the request was not counted; and the answer that denies the request, null if it is allowed.
    /// </returns>
    internal async ValueTask<(RateStatus? Status, DeniedAnswer? Denial)> CountAsync(
        UserInfo user, string? service, ChallengeType challenge, PendingCount? begun)
    {
        if (KeyOf(user, service) is not { Quota: var limit } key)
            return default;
        if (limit <= 0)
            return (null, DeniedAnswer.NotAllowed(challenge, $"User {user.Username} not allowed to access service {service}"));
        if (begun?.Key != key)
            begun = Begin(key);
        if (begun is null)
        {
            observer.CountFailed();
            return default;
        }
        try
        {
            var count = await begun.Count;
            var status = new RateStatus(
                key.Username, key.Service, limit, Math.Min(count.Count, limit), clock.GetUtcNow() + count.UntilReset);
            return (status, count.Count > limit ? DeniedAnswer.RateLimited(status) : null);
        }
        catch (StoreUnavailableException e)
        {
            Volatile.Write(ref failedAt, Stopwatch.GetTimestamp());
            observer.CountFailed();
            Log.Failed(logger, $"{e.GetType().Name}: {e.Message}", e);
            return default;
        }
    }

    /// <summary>
    /// Begins to count a request. Returns null during the pause after a failure. The cancellation of the request does not cancel the count,
    /// because the counter has its own short time limit.
    /// </summary>
    private PendingCount? Begin(RateKey key) =>
        Volatile.Read(ref failedAt) is not 0 and var failed && Stopwatch.GetElapsedTime(failed) < PauseAfterFailure
            ? null
            : new PendingCount(key, counter.CountAsync(key, CancellationToken.None));

    private static RateKey? KeyOf(UserInfo user, string? service) =>
        service is not null && user.Quota is { } quota && quota.Api.TryGetValue(service, out var limit)
            ? new RateKey(user.Username, service, limit)
            : null;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Rate limiting failed")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
