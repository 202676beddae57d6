using System.Text.Json.Nodes;
using Porthor.Audit;
using Porthor.Sql;
using Porthor.Storage;
using Porthor.Telemetry;

namespace Porthor.Server.Observation;

/// <summary>
/// Stores the results of the last maintenance run and the last audit in the database. Both can run in short-lived processes, so the
/// nodes publish the results as metrics.
/// </summary>
internal static class MaintenanceStatus
{
    private const string MaintenanceNote = "last-maintenance";
    private const string AuditNote = "last-audit";

    public static Task NoteMaintenanceAsync(
        SqlStores sql, PorthorMetrics metrics, TimeProvider clock, TokenCounts counts, CancellationToken cancellationToken)
    {
        metrics.Maintenance.MaintenanceDone(clock.GetUtcNow());
        JsonObject note = new() { ["time"] = Now(clock), ["session_users"] = counts.SessionUsers, ["user_tokens"] = counts.UserTokens };
        return sql.Settings.SetAsync(MaintenanceNote, note.ToJsonString(), cancellationToken);
    }

    /// <param name="remaining">The number of findings of each kind that were not repaired.</param>
    public static Task NoteAuditAsync(
        SqlStores sql, TimeProvider clock, IReadOnlyDictionary<AuditKind, long> remaining, CancellationToken cancellationToken)
    {
        JsonObject findings = [];
        foreach (var kind in Enum.GetValues<AuditKind>())
            findings[kind.ToText()] = remaining.GetValueOrDefault(kind);
        return sql.Settings.SetAsync(
            AuditNote, new JsonObject { ["time"] = Now(clock), ["findings"] = findings }.ToJsonString(), cancellationToken);
    }

    /// <summary>Publishes the stored results as metrics.</summary>
    public static async Task PublishAsync(SqlStores sql, PorthorMetrics metrics, CancellationToken cancellationToken)
    {
        if (await ReadAsync(sql, MaintenanceNote, cancellationToken) is { } maintenance)
        {
            metrics.Maintenance.MaintenanceDone(TimeOf(maintenance));
            metrics.TokensCounted(new TokenCounts((long?)maintenance["session_users"] ?? 0, (long?)maintenance["user_tokens"] ?? 0));
        }
        if (await ReadAsync(sql, AuditNote, cancellationToken) is { } audit)
        {
            metrics.Maintenance.AuditDone(TimeOf(audit));
            foreach (var kind in Enum.GetValues<AuditKind>())
                metrics.Maintenance.Found(kind, (long?)audit["findings"]?[kind.ToText()] ?? 0);
        }
    }

    private static async Task<JsonNode?> ReadAsync(SqlStores sql, string name, CancellationToken cancellationToken) =>
        await sql.Settings.GetAsync(name, cancellationToken) is { } json ? JsonNode.Parse(json) : null;

    private static long Now(TimeProvider clock) => clock.GetUtcNow().ToUnixTimeSeconds();

    private static DateTimeOffset TimeOf(JsonNode note) => DateTimeOffset.FromUnixTimeSeconds((long?)note["time"] ?? 0);
}
