using System.Diagnostics;
using System.Globalization;
using Porthor.Server.Http;
using Porthor.Storage;
using Porthor.Telemetry;
using Porthor.Users;

namespace Porthor.Server.Ingress;

/// <summary>What is left of a quota.</summary>
/// <param name="Reset">When counting begins anew.</param>
internal sealed record RateStatus(string Service, long Limit, long Used, DateTimeOffset Reset)
{
    public void WriteTo(IHeaderDictionary headers)
    {
        headers["X-RateLimit-Limit"] = Text(Limit);
        headers["X-RateLimit-Remaining"] = Text(Limit - Used);
        headers["X-RateLimit-Used"] = Text(Used);
        headers["X-RateLimit-Reset"] = Text(Reset.ToUnixTimeSeconds());
        headers["X-RateLimit-Resource"] = HeaderText.Clean(Service);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A request that is being counted.</summary>
internal sealed record Counting(RateKey Key, Task<RateCount> Count);

/// <summary>
/// Holds users to their requests per minute (contract/ingress.md 8). Only the counting may fail, and then the request goes
/// on; who the user is and what they may use was settled before.
/// </summary>
internal sealed partial class RateLimiter(IRateCounter counter, PorthorMetrics metrics, TimeProvider clock, ILogger<RateLimiter> logger)
{
    /// <summary>For how long a counter that failed is let alone, so that one that hangs costs few requests their patience.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>When the counter failed last, by the system's own timestamps; 0 if it did not.</summary>
    private long failedAt;

    /// <summary>
    /// Begins to count a request while its record is still being read, for a user who is most likely allowed to make it. Null
    /// if nothing would be counted.
    /// </summary>
    public Counting? Begin(UserInfo user, string? service) =>
        KeyOf(user, service) is { Quota: > 0 } key ? Begin(key) : null;

    /// <summary>Counts a request, if the user's requests to the service are bounded.</summary>
    /// <param name="begun">A count that was begun; it is used if it is what is to be counted, and otherwise it stays without effect.</param>
    /// <returns>What is left, if anything is counted; and the refusal, if nothing is.</returns>
    public async ValueTask<(RateStatus? Status, IngressRefusal? Refusal)> CountAsync(
        UserInfo user, string? service, Challenge challenge, Counting? begun)
    {
        if (KeyOf(user, service) is not { Quota: var limit } key)
            return default;
        if (limit <= 0)
            return (null, IngressRefusal.Denied(challenge, $"User {user.Username} not allowed to access service {service}"));
        if (begun?.Key != key)
            begun = Begin(key);
        if (begun is null)
        {
            metrics.RateLimitFailed();
            return default;
        }
        try
        {
            var count = await begun.Count;
            var status = new RateStatus(key.Service, limit, Math.Min(count.Count, limit), clock.GetUtcNow() + count.UntilReset);
            return (status, count.Count > limit ? Exceeded(status) : null);
        }
        catch (StoreUnavailableException e)
        {
            Volatile.Write(ref failedAt, Stopwatch.GetTimestamp());
            metrics.RateLimitFailed();
            Log.Failed(logger, $"{e.GetType().Name}: {e.Message}", e);
            return default;
        }
    }

    /// <summary>Null while the counter is let alone. Not bound to the request's end: the counter has its own, short limit.</summary>
    private Counting? Begin(RateKey key) =>
        Volatile.Read(ref failedAt) is not 0 and var failed && Stopwatch.GetElapsedTime(failed) < Rest
            ? null
            : new Counting(key, counter.CountAsync(key, CancellationToken.None));

    private static RateKey? KeyOf(UserInfo user, string? service) =>
        service is not null && user.Quota is { } quota && quota.Api.TryGetValue(service, out var limit)
            ? new RateKey(user.Username, service, limit)
            : null;

    private static IngressRefusal Exceeded(RateStatus status)
    {
        var text = $"Rate limit ({status.Limit}/minute) exceeded";
        var problem = Problem.Intended(429, text, "rate_limited", challenge: null)
            .With("Retry-After", status.Reset.ToString("R", CultureInfo.InvariantCulture));
        return new IngressRefusal(problem, text, IngressEvent.RateLimited);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Rate limiting failed")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
