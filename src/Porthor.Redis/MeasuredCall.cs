using System.Diagnostics;
using Porthor.Telemetry;

namespace Porthor.Redis;

/// <summary>A call of a server, with its span, counted and timed when it ends.</summary>
internal readonly struct MeasuredCall(string server, string what, StoreMetrics metrics, Activity? span) : IDisposable
{
    private readonly long begun = metrics.Begin();

    public void Answered() => metrics.Answered(server, what, begun);

    /// <summary>
    /// Returns the exception to throw. It contains the reason of the server, such as NOPERM and the command; the server does not include
    /// values in it.
    /// </summary>
    public StoreUnavailableException Failed(Exception cause)
    {
        metrics.Failed(server, what);
        return new StoreUnavailableException(server, FailureReason.Describe(what, cause), cause);
    }

    public void Dispose() => span?.Dispose();
}
