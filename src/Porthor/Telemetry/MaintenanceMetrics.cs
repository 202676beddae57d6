using System.Diagnostics.Metrics;
using Porthor.Audit;

namespace Porthor.Telemetry;

/// <summary>
/// Reports the times of the last completed maintenance and audit on any node, and the inconsistencies that the audit did not repair.
/// </summary>
public sealed class MaintenanceMetrics
{
    private readonly Gauge<long> maintenance;
    private readonly Gauge<long> audit;
    private readonly Gauge<long> findings;

    internal MaintenanceMetrics(Meter meter)
    {
        maintenance = meter.CreateGauge<long>(
            "porthor.maintenance.time", "s", "Time of the last completed maintenance, in seconds since 1970.");
        audit = meter.CreateGauge<long>("porthor.audit.time", "s", "Time of the last completed audit, in seconds since 1970.");
        findings = meter.CreateGauge<long>(
            "porthor.audit.findings", "{finding}", "Inconsistencies that the last audit found and did not repair, by kind.");
    }

    /// <summary>Reports the time of the last completed maintenance.</summary>
    public void MaintenanceDone(DateTimeOffset time) => maintenance.RecordSafely(time.ToUnixTimeSeconds());

    /// <summary>Reports the time of the last completed audit.</summary>
    public void AuditDone(DateTimeOffset time) => audit.RecordSafely(time.ToUnixTimeSeconds());

    /// <summary>Reports the number of inconsistencies of a kind that the last audit did not repair.</summary>
    public void Found(AuditKind kind, long count) => findings.RecordSafely(count, new KeyValuePair<string, object?>("kind", kind.ToText()));
}
