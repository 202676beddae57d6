using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Porthor.Telemetry;

namespace Porthor.Server.Tests.Login;

/// <summary>The measurements of a server.</summary>
internal sealed class RecordedMetrics : IDisposable
{
    private readonly ConcurrentQueue<(string Name, double Value)> values = new();
    private readonly MeterListener listener = new();

    public RecordedMetrics(PorthorMetrics metrics)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (metrics.Owns(instrument))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => values.Enqueue((instrument.Name, value)));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => values.Enqueue((instrument.Name, value)));
        listener.Start();
    }

    public IReadOnlyList<double> Of(string name) => [.. values.Where(value => value.Name == name).Select(value => value.Value)];

    /// <summary>The numbers of started, successful and failed logins and of enrollments.</summary>
    public (double Attempts, double Successes, double Failures, double Enrollments) Logins =>
        (Of("login_attempt").Sum(), Of("login_success").Sum(), Of("login_failure").Sum(), Of("login_enrollment").Sum());

    public void Dispose() => listener.Dispose();
}
