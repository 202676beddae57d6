using Porthor.Sql;
using Porthor.Telemetry;
using Porthor.Server.Hosting;

namespace Porthor.Server.Observation;

/// <summary>Looks from time to time what maintenance and audit have noted, for whoever watches this node.</summary>
internal sealed partial class MaintenanceMetricsPublisher(SqlStores sql, PorthorMetrics metrics, TimeProvider clock, ILogger<MaintenanceMetricsPublisher> logger) : BackgroundService
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
        [LoggerMessage(Level = LogLevel.Warning, Message = "What maintenance and audit have noted cannot be read")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
