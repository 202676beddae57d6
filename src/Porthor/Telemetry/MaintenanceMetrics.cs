using System.Diagnostics.Metrics;
using Porthor.Audit;

namespace Porthor.Telemetry;

/// <summary>When maintenance and audit were last done, by whichever process, and what the audit left behind.</summary>
public sealed class MaintenanceMetrics
{
    private readonly Gauge<long> maintenance;
    private readonly Gauge<long> audit;
    private readonly Gauge<long> findings;

    internal MaintenanceMetrics(Meter meter)
    {
        maintenance = meter.CreateGauge<long>("porthor.maintenance.time", "s", "When maintenance was last done, in seconds since 1970.");
        audit = meter.CreateGauge<long>("porthor.audit.time", "s", "When an audit last ended, in seconds since 1970.");
        findings = meter.CreateGauge<long>("porthor.audit.findings", "{finding}", "What the last audit found and did not repair.");
    }

    public void MaintenanceDone(DateTimeOffset time) => maintenance.RecordSafely(time.ToUnixTimeSeconds());

    public void AuditDone(DateTimeOffset time) => audit.RecordSafely(time.ToUnixTimeSeconds());

    public void Found(AuditKind kind, long count) => findings.RecordSafely(count, new KeyValuePair<string, object?>("kind", kind.ToText()));
}
