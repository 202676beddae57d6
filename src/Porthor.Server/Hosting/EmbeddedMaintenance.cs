using Porthor.Maintenance;
using Porthor.Server.Observation;
using Porthor.Sql;
using Porthor.Telemetry;

namespace Porthor.Server.Hosting;

/// <summary>
/// Runs maintenance every hour in embedded mode, because no separate job runs it: removes expired tokens and old history, and counts the
/// tokens for the metrics.
/// </summary>
internal sealed partial class EmbeddedMaintenance(
    TimeProvider clock, TokenMaintenance maintenance, SqlStores sql, PorthorMetrics metrics,
    ILogger<EmbeddedMaintenance> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await maintenance.ExpireTokensAsync(cancellationToken: stoppingToken);
                await maintenance.TruncateHistoryAsync(cancellationToken: stoppingToken);
                await sql.Revocations.DeleteOldRevocationsAsync(clock.GetUtcNow(), stoppingToken);
                var counts = await maintenance.CountTokensForMetricsAsync(stoppingToken);
                await MaintenanceStatus.NoteMaintenanceAsync(sql, metrics, clock, counts, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Every exception is caught and logged, so that the server and the next maintenance run continue.
                Log.Failed(logger, e.Message, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Maintenance failed, trying again in an hour")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
