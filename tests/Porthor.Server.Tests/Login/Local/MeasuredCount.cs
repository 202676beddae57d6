using System.Diagnostics.Metrics;
using Porthor.Telemetry;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>The sum of a counter's measurements since the creation of this object.</summary>
internal sealed class MeasuredCount : IDisposable
{
    private readonly MeterListener listener = new();
    private long total;

    public MeasuredCount(PorthorMetrics metrics, string name)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (metrics.Owns(instrument) && instrument.Name == name)
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref total, value));
        listener.Start();
    }

    public long Total => Interlocked.Read(ref total);

    public void Dispose() => listener.Dispose();
}
