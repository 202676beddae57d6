using System.Net;

namespace Porthor.Server.Configuration;

/// <summary>Represents the settings of metrics and traces. Both are off by default.</summary>
internal sealed record TelemetrySettings
{
    /// <summary>Gets the port for metrics; null for none, 0 for any free port. It is never the port for users.</summary>
    public int? MetricsPort { get; init; }

    public IPAddress MetricsAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Gets whether metrics are sent to a collector (OTLP). The variables of OpenTelemetry name the collector.</summary>
    public bool SendsMetrics { get; init; }

    public bool SendsTraces { get; init; }

    /// <summary>Gets the service name in telemetry.</summary>
    public string ServiceName { get; init; } = "porthor";

    public bool HasMetrics => MetricsPort is not null || SendsMetrics;

    public static TelemetrySettings Read(SettingsSection file, EnvironmentVariables environment)
    {
        const string portKey = "metricsPort", addressKey = "metricsAddress";
        var port = file.Integer(portKey);
        if (port is < 0 or > 65535)
            file.AddError(portKey, file.Text(portKey), "must be a number from 0 to 65535");
        var address = IPAddress.Loopback;
        if (file.Text(addressKey) is { Length: > 0 } text && !IPAddress.TryParse(text, out address))
            file.AddError(addressKey, text, "must be an IP address");
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
    /// Returns whether the variables of OpenTelemetry enable a signal: an endpoint is set, or the exporter is <c>otlp</c>, and the SDK is
    /// not disabled. By default, OpenTelemetry would send to localhost without any configuration; Porthor sends nothing.
    /// </summary>
    private static bool Sends(string signal, EnvironmentVariables environment)
    {
        if (string.Equals(environment.GetStandard("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return false;
        return environment.GetStandard($"OTEL_{signal}_EXPORTER") is { } exporters
            ? exporters.Split(',', StringSplitOptions.TrimEntries).Contains("otlp")
            : environment.GetStandard("OTEL_EXPORTER_OTLP_ENDPOINT") is not null
                || environment.GetStandard($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") is not null;
    }
}
