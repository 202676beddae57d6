using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Observation;

namespace Porthor.Server.Commands;

/// <summary><c>porthor maintenance</c>: removes expired tokens and old history. Run it about once an hour.</summary>
internal static class MaintenanceCommand
{
    public static Command Create()
    {
        var command = new Command("maintenance", "Remove expired tokens and history older than a year, and count tokens for the metrics");
        command.SetWorkOnStores(SettingsScope.Serving, async (core, _, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            long expired, truncated;
            using (var progress = new TerminalProgress<long>("Expired tokens", count => $"{count:N0} removed"))
                expired = await core.Maintenance.ExpireTokensAsync(progress, cancellationToken);
            using (var progress = new TerminalProgress<long>("Old history", count => $"{count:N0} removed"))
                truncated = await core.Maintenance.TruncateHistoryAsync(progress, cancellationToken);
            await core.Sql.RemoveEndedCountersAsync(cancellationToken);
            await core.Sql.Revocations.DeleteOldRevocationsAsync(core.Clock.GetUtcNow(), cancellationToken);
            var counts = await core.Maintenance.CountTokensForMetricsAsync(cancellationToken);
            await MaintenanceStatus.NoteMaintenanceAsync(core.Sql, core.Metrics, core.Clock, counts, cancellationToken);
            await Console.Error.WriteLineAsync(
                $"Removed {expired} expired tokens and {truncated} old changes; "
                + $"{counts.SessionUsers} users with tokens that expire, {counts.UserTokens} user tokens.");
            return 0;
        });
        return command;
    }
}
