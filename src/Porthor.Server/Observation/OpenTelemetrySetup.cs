using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Telemetry;

namespace Porthor.Server.Observation;

/// <summary>
/// Listens to what the service measures, and hands it on: to whoever fetches it (Prometheus), or to a collector (OTLP). Where none of
/// that is configured nothing listens, and nothing is measured.
/// </summary>
internal sealed class OpenTelemetrySetup : IDisposable
{
    private readonly TracerProvider? traces;

    private OpenTelemetrySetup(MeterProvider? metrics, TracerProvider? traces) => (Metrics, this.traces) = (metrics, traces);

    /// <summary>Null if nobody is to be told.</summary>
    public MeterProvider? Metrics { get; }

    public static OpenTelemetrySetup Start(TelemetrySettings settings, PorthorDeployment core)
    {
        var meters = settings.HasMetrics ? ListenToMetrics(settings) : null;
        var tracers = settings.SendsTraces ? ListenToTraces(settings) : null;
        if (meters is not null)
            core.Metrics.Announce(PorthorVersion.Text, core.Settings.Mode.ToString().ToLowerInvariant());
        return new OpenTelemetrySetup(meters, tracers);
    }

    /// <summary>Sends what is still to be sent.</summary>
    public void Dispose()
    {
        Metrics?.Dispose();
        traces?.Dispose();
    }

    private static MeterProvider ListenToMetrics(TelemetrySettings settings)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => Describe(resource, settings))
            // Ours; the pool of database connections; the web server; memory, collections and threads.
            .AddMeter(PorthorMetrics.MeterName, "Npgsql", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime");
        if (settings.MetricsPort is not null)
            builder.AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
        if (settings.SendsMetrics)
            builder.AddOtlpExporter();
        return builder.Build();
    }

    /// <summary>The queries of URLs, which at the login hold codes, are hidden by the instrumentation; headers are not recorded.</summary>
    private static TracerProvider ListenToTraces(TelemetrySettings settings) => Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => Describe(resource, settings))
        .AddSource(PorthorTraces.SourceName, "Npgsql")
        .AddAspNetCoreInstrumentation()
        .AddOtlpExporter()
        .Build();

    private static void Describe(ResourceBuilder resource, TelemetrySettings settings) =>
        resource.AddService(settings.ServiceName, serviceVersion: PorthorVersion.Text);
}
