using Porthor.Maintenance;
using Porthor.Server.Observation;
using Porthor.Server.Platform;
using Porthor.Sql;
using Porthor.Telemetry;

namespace Porthor.Server.Hosting;

/// <summary>
/// Runs maintenance every hour in embedded mode, because no separate job runs it: removes expired tokens and old history, and counts the
/// tokens for the metrics.
/// </summary>
internal sealed partial class EmbeddedMaintenance(
    TimeProvider clock, TokenMaintenance maintenance, SqlStores sql, PorthorMetrics metrics,
    ILogger<EmbeddedMaintenance> logger) : PeriodicService(TimeSpan.FromHours(1), runsAtStart: true, clock)
{
    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        await maintenance.ExpireTokensAsync(cancellationToken: cancellationToken);
        await maintenance.TruncateHistoryAsync(cancellationToken: cancellationToken);
        await sql.Revocations.DeleteOldRevocationsAsync(Clock.GetUtcNow(), cancellationToken);
        var counts = await maintenance.CountTokensForMetricsAsync(cancellationToken);
        await MaintenanceStatus.NoteMaintenanceAsync(sql, metrics, Clock, counts, cancellationToken);
    }

    protected override void LogError(Exception error) => Log.Failed(logger, error.Message, error);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Maintenance failed, trying again in an hour")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
