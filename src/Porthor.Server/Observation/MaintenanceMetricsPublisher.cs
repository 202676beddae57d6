using Porthor.Sql;
using Porthor.Telemetry;

namespace Porthor.Server.Observation;

/// <summary>Publishes the stored results of maintenance and audit as metrics of this node, at regular intervals.</summary>
internal sealed partial class MaintenanceMetricsPublisher(
    SqlStores sql, PorthorMetrics metrics, TimeProvider clock, ILogger<MaintenanceMetricsPublisher> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await MaintenanceStatus.PublishAsync(sql, metrics, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Log.Failed(logger, e.Message, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read the results of maintenance and audit")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
