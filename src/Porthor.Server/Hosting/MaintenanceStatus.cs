using System.Text.Json.Nodes;
using Porthor.Audit;
using Porthor.Storage;

namespace Porthor.Server.Hosting;

/// <summary>
/// What maintenance and audit did last, noted in the token index. They are processes that end before anybody could ask them; the nodes,
/// which go on, tell their results.
/// </summary>
internal static class MaintenanceStatus
{
    private const string MaintenanceNote = "last-maintenance";
    private const string AuditNote = "last-audit";

    public static Task NoteMaintenanceAsync(PorthorCore core, TokenCounts counts, CancellationToken cancellationToken)
    {
        core.Metrics.Upkeep.MaintenanceDone(core.Clock.GetUtcNow());
        JsonObject note = new() { ["time"] = Now(core), ["session_users"] = counts.SessionUsers, ["user_tokens"] = counts.UserTokens };
        return core.Sql.Settings.SetAsync(MaintenanceNote, note.ToJsonString(), cancellationToken);
    }

    /// <param name="remaining">How many findings of each kind were not repaired.</param>
    public static Task NoteAuditAsync(PorthorCore core, IReadOnlyDictionary<AuditKind, long> remaining, CancellationToken cancellationToken)
    {
        JsonObject findings = [];
        foreach (var kind in Enum.GetValues<AuditKind>())
            findings[kind.ToText()] = remaining.GetValueOrDefault(kind);
        return core.Sql.Settings.SetAsync(AuditNote, new JsonObject { ["time"] = Now(core), ["findings"] = findings }.ToJsonString(), cancellationToken);
    }

    /// <summary>Measures what is noted.</summary>
    public static async Task PublishAsync(PorthorCore core, CancellationToken cancellationToken)
    {
        var metrics = core.Metrics;
        if (await ReadAsync(core, MaintenanceNote, cancellationToken) is { } maintenance)
        {
            metrics.Upkeep.MaintenanceDone(TimeOf(maintenance));
            metrics.TokensCounted(new TokenCounts((long?)maintenance["session_users"] ?? 0, (long?)maintenance["user_tokens"] ?? 0));
        }
        if (await ReadAsync(core, AuditNote, cancellationToken) is { } audit)
        {
            metrics.Upkeep.AuditDone(TimeOf(audit));
            foreach (var kind in Enum.GetValues<AuditKind>())
                metrics.Upkeep.Found(kind, (long?)audit["findings"]?[kind.ToText()] ?? 0);
        }
    }

    private static async Task<JsonNode?> ReadAsync(PorthorCore core, string name, CancellationToken cancellationToken) =>
        await core.Sql.Settings.GetAsync(name, cancellationToken) is { } json ? JsonNode.Parse(json) : null;

    private static long Now(PorthorCore core) => core.Clock.GetUtcNow().ToUnixTimeSeconds();

    private static DateTimeOffset TimeOf(JsonNode note) => DateTimeOffset.FromUnixTimeSeconds((long?)note["time"] ?? 0);
}
