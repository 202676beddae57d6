using Porthor.Telemetry;
using Porthor.Sql;
using Porthor.Maintenance;
namespace Porthor.Server.Hosting;

/// <summary>
/// Maintenance on a timer, for the mode in which nobody else would run it: expired tokens and old history are removed, and
/// the state is counted.
/// </summary>
internal sealed partial class EmbeddedMaintenance(TimeProvider clock, TokenMaintenance maintenance, SqlStores sql, PorthorMetrics metrics, ILogger<EmbeddedMaintenance> logger) : BackgroundService
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
                await sql.Revocations.ForgetRevokedAsync(clock.GetUtcNow(), stoppingToken);
                var counts = await maintenance.CountTokensForMetricsAsync(stoppingToken);
                await MaintenanceStatus.NoteMaintenanceAsync(sql, metrics, clock, counts, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Whatever it was, it must not end the server, nor the maintenance for good.
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
