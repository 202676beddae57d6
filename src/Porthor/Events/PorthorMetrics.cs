using System.Diagnostics.Metrics;

namespace Porthor.Events;

/// <summary>
/// The facts that are measured, one method each. The names are the reference's event names; dashboards depend on them
/// (contract/configuration.md 5).
/// </summary>
public sealed class PorthorMetrics : IDisposable
{
    public const string MeterName = "Porthor";

    private readonly Meter meter = new(MeterName);
    private readonly Gauge<long> activeUserSessions;
    private readonly Gauge<long> activeUserTokens;

    public PorthorMetrics()
    {
        activeUserSessions = meter.CreateGauge<long>("active_user_sessions", "{user}", "Users with a token that expires and has not yet.");
        activeUserTokens = meter.CreateGauge<long>("active_user_tokens", "{token}", "User tokens that have not expired.");
    }

    public void ActiveUserSessions(long count) => activeUserSessions.Record(count);

    public void ActiveUserTokens(long count) => activeUserTokens.Record(count);

    public void Dispose() => meter.Dispose();
}
