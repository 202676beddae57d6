using System.Diagnostics;
using Porthor.Events;

namespace Porthor.Redis;

/// <summary>A call of a server, with its span, counted and timed when it ends.</summary>
internal readonly struct MeasuredCall(string server, string what, StoreMetrics metrics, Activity? span) : IDisposable
{
    private readonly long begun = metrics.Begin();

    public void Answered() => metrics.Answered(server, what, begun);

    /// <summary>What to throw.</summary>
    public StoreUnavailableException Failed(Exception cause)
    {
        metrics.Failed(server, what);
        return new StoreUnavailableException(server, what, cause);
    }

    public void Dispose() => span?.Dispose();
}
