using Porthor.Server.Platform;
using Porthor.Sql;
using Porthor.Telemetry;

namespace Porthor.Server.Observation;

/// <summary>Publishes the stored results of maintenance and audit as metrics of this node, at regular intervals.</summary>
internal sealed partial class MaintenanceMetricsPublisher(
    SqlStores sql, PorthorMetrics metrics, TimeProvider clock, ILogger<MaintenanceMetricsPublisher> logger)
    : PeriodicService(TimeSpan.FromMinutes(1), runsAtStart: true, clock)
{
    protected override Task RunAsync(CancellationToken cancellationToken) =>
        MaintenanceStatus.PublishAsync(sql, metrics, cancellationToken);

    protected override void LogError(Exception error) => Log.Failed(logger, error.Message, error);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read the results of maintenance and audit")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
