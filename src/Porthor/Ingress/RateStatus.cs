using System.Globalization;
using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>Represents the state of a quota after a request was counted.</summary>
/// <param name="Username">The user whose requests are counted.</param>
/// <param name="Service">The service whose requests are counted.</param>
/// <param name="Limit">The number of requests per minute that the quota allows.</param>
/// <param name="Used">The number of requests in the current minute, at most <paramref name="Limit"/>.</param>
/// <param name="Reset">The time at which the next minute begins.</param>
public sealed record RateStatus(string Username, string Service, long Limit, long Used, DateTimeOffset Reset)
{
    /// <summary>Sets the headers <c>X-RateLimit-*</c> (contract/ingress.md 8).</summary>
    public void WriteHeadersTo<TTarget>(TTarget target)
        where TTarget : IHeaderTarget
    {
        target.Set("X-RateLimit-Limit", Text(Limit));
        target.Set("X-RateLimit-Remaining", Text(Limit - Used));
        target.Set("X-RateLimit-Used", Text(Used));
        target.Set("X-RateLimit-Reset", Text(Reset.ToUnixTimeSeconds()));
        target.Set("X-RateLimit-Resource", HeaderText.Clean(Service));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
