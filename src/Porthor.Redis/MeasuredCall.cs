using System.Diagnostics;
using Porthor.Telemetry;

namespace Porthor.Redis;

/// <summary>Measures a call of a server: its span, its duration and its failure.</summary>
internal readonly struct MeasuredCall(string server, string what, StoreMetrics metrics, Activity? span) : IDisposable
{
    private readonly long begun = metrics.Begin();

    public void Answered() => metrics.Answered(server, what, begun);

    /// <summary>
    /// Counts the failure, and returns the exception to throw. The exception contains the reason that the server reported, for example
    /// NOPERM with the name of the command. These reasons contain no keys or values.
    /// </summary>
    public StoreUnavailableException Failed(Exception cause)
    {
        metrics.Failed(server, what);
        return new StoreUnavailableException(server, FailureReason.Describe(what, cause), cause);
    }

    public void Dispose() => span?.Dispose();
}
