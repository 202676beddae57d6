using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Porthor.Server.Configuration;
using Porthor.Server.Platform;
using Porthor.Telemetry;

namespace Porthor.Server.Observation;

/// <summary>
/// Collects metrics and traces, and exports them to Prometheus or to a collector (OTLP). Collects nothing if neither is configured.
/// </summary>
internal sealed class OpenTelemetrySetup : IDisposable
{
    private readonly TracerProvider? traces;

    private OpenTelemetrySetup(MeterProvider? metrics, TracerProvider? traces) => (Metrics, this.traces) = (metrics, traces);

    /// <summary>Gets the provider of metrics; null if no metrics are exported.</summary>
    public MeterProvider? Metrics { get; }

    public static OpenTelemetrySetup Start(TelemetrySettings settings, PorthorMetrics metrics, DeploymentMode mode)
    {
        var meters = settings.HasMetrics ? ListenToMetrics(settings) : null;
        var tracers = settings.SendsTraces ? ListenToTraces(settings) : null;
        if (meters is not null)
            metrics.Announce(PorthorVersion.Text, mode.ToString().ToLowerInvariant());
        return new OpenTelemetrySetup(meters, tracers);
    }

    /// <summary>Sends the data that was not sent yet, and stops the export.</summary>
    public void Dispose()
    {
        Metrics?.Dispose();
        traces?.Dispose();
    }

    private static MeterProvider ListenToMetrics(TelemetrySettings settings)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => Describe(resource, settings))
            // The meters of Porthor, of the pool of database connections, of the web server, and of memory, garbage collection and threads.
            .AddMeter(
                PorthorMetrics.MeterName, "Npgsql", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
                "System.Runtime");
        if (settings.MetricsPort is not null)
            builder.AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
        if (settings.SendsMetrics)
            builder.AddOtlpExporter();
        return builder.Build();
    }

    /// <summary>
    /// Starts tracing. The instrumentation omits the queries of URLs, which contain codes at login, and records no headers.
    /// </summary>
    private static TracerProvider ListenToTraces(TelemetrySettings settings) => Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => Describe(resource, settings))
        .AddSource(PorthorTraces.SourceName, "Npgsql")
        .AddAspNetCoreInstrumentation()
        .AddOtlpExporter()
        .Build();

    private static void Describe(ResourceBuilder resource, TelemetrySettings settings) =>
        resource.AddService(settings.ServiceName, serviceVersion: PorthorVersion.Text);
}
