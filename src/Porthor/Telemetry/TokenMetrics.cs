using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Telemetry;

/// <summary>What happens to tokens.</summary>
public sealed class TokenMetrics
{
    private readonly Counter<long> changes;
    private readonly Counter<long> decrypted;

    internal TokenMetrics(Meter meter)
    {
        changes = meter.CreateCounter<long>(
            "porthor.token.changes", "{change}", "Tokens that were created, edited, revoked and removed after their end, by type.");
        decrypted = meter.CreateCounter<long>(
            "porthor.records.decrypted", "{record}", "Records that had to be decrypted, because another ciphertext or none was remembered.");
    }

    public void Changed(IReadOnlyList<TokenChange> done)
    {
        foreach (var change in done)
            changes.AddSafely(1, new("action", change.Action.ToText()), new("type", change.TokenType.ToText()));
    }

    public void RecordDecrypted() => decrypted.AddSafely(1);
}
