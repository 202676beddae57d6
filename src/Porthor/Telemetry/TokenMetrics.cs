using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Telemetry;

/// <summary>Counts changes of tokens and decrypted records.</summary>
public sealed class TokenMetrics
{
    private readonly Counter<long> changes;
    private readonly Counter<long> decrypted;

    internal TokenMetrics(Meter meter)
    {
        changes = meter.CreateCounter<long>(
            "porthor.token.changes", "{change}", "Tokens that were created, edited, revoked or removed after their expiration, by type.");
        decrypted = meter.CreateCounter<long>(
            "porthor.records.decrypted", "{record}", "Records that were decrypted because they were not in the cache.");
    }

    /// <summary>Counts committed changes.</summary>
    public void Changed(IReadOnlyList<TokenChange> done)
    {
        foreach (var change in done)
            changes.AddSafely(1, new("action", change.Action.ToText()), new("type", change.TokenType.ToText()));
    }

    /// <summary>Counts a decrypted record.</summary>
    public void RecordDecrypted() => decrypted.AddSafely(1);
}
