using System.Net;

namespace Porthor.Server.Configuration;

/// <summary>Who may watch the service at work. Nobody, unless it is asked for.</summary>
internal sealed record TelemetrySettings
{
    /// <summary>Where metrics can be fetched; null if nowhere, 0 for any port that is free. Never the port that users reach.</summary>
    public int? MetricsPort { get; init; }

    public IPAddress MetricsAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Send metrics to a collector (OTLP); where, OpenTelemetry's own variables say.</summary>
    public bool SendsMetrics { get; init; }

    public bool SendsTraces { get; init; }

    /// <summary>By which name collectors know us.</summary>
    public string ServiceName { get; init; } = "porthor";

    public bool HasMetrics => MetricsPort is not null || SendsMetrics;

    public static TelemetrySettings Read(SettingsSection file, EnvironmentVariables environment)
    {
        const string portKey = "metricsPort", addressKey = "metricsAddress";
        var port = file.Integer(portKey);
        if (port is < 0 or > 65535)
            file.Fault(portKey, file.Text(portKey), "must be a number from 0 to 65535");
        var address = IPAddress.Loopback;
        if (file.Text(addressKey) is { Length: > 0 } text && !IPAddress.TryParse(text, out address))
            file.Fault(addressKey, text, "must be an IP address");
        return new TelemetrySettings
        {
            MetricsPort = (int?)port,
            MetricsAddress = address ?? IPAddress.Loopback,
            SendsMetrics = Sends("METRICS", environment),
            SendsTraces = Sends("TRACES", environment),
            ServiceName = environment.GetStandard("OTEL_SERVICE_NAME") ?? new TelemetrySettings().ServiceName,
        };
    }

    /// <summary>
    /// Whether the standard's variables ask for it: an address to send to, or the exporter by its name; and nothing that turns it off.
    /// The standard would send to this machine without being asked, which nobody expects of a service that is only tried.
    /// </summary>
    private static bool Sends(string signal, EnvironmentVariables environment)
    {
        if (string.Equals(environment.GetStandard("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return false;
        return environment.GetStandard($"OTEL_{signal}_EXPORTER") is { } exporters
            ? exporters.Split(',', StringSplitOptions.TrimEntries).Contains("otlp")
            : environment.GetStandard("OTEL_EXPORTER_OTLP_ENDPOINT") is not null || environment.GetStandard($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") is not null;
    }
}
