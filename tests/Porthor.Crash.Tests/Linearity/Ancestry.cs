using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>A row of the change history and the transaction that wrote it.</summary>
internal sealed record Row(string Transaction, TokenKey Token, TokenKey? Parent, string Action, ScopeSet Scopes);

/// <summary>
/// Reconstructs a tree of tokens from the change history alone, which also contains changes that no client observed. Rows are in the order
/// of the locks under which they were written. After each transaction no token may have a scope that its parent does not have, or exist
/// without its parent (deviation 2, contract/tokens.md 7.6).
/// </summary>
internal sealed class Ancestry
{
    private readonly Dictionary<TokenKey, Row> current = [];

    /// <summary>The violations. Each is reported once.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>The number of times that a valid child lost a scope.</summary>
    public int Reduced { get; private set; }

    /// <summary>Returns the scopes of a token after all changes; null if the token was removed.</summary>
    public ScopeSet? ScopesOf(TokenKey token) => current.GetValueOrDefault(token)?.Scopes;

    public static Ancestry Of(IReadOnlyList<Row> rows)
    {
        var ancestry = new Ancestry();
        for (var i = 0; i < rows.Count; i++)
        {
            ancestry.Apply(rows[i]);
            if (i == rows.Count - 1 || rows[i + 1].Transaction != rows[i].Transaction)
                ancestry.CheckTransaction(rows[i].Transaction);
        }
        return ancestry;
    }

    private void Apply(Row row)
    {
        if (row.Action is "revoke" or "expire")
        {
            current.Remove(row.Token);
            return;
        }
        if (row.Parent is not null && current.TryGetValue(row.Token, out var before) && !before.Scopes.IsSubsetOf(row.Scopes))
            Reduced++;
        current[row.Token] = row;
    }

    private void CheckTransaction(string transaction)
    {
        foreach (var child in current.Values.Where(row => row.Parent is not null).ToList())
        {
            var parent = current.GetValueOrDefault(child.Parent!.Value);
            if (parent is not null && child.Scopes.IsSubsetOf(parent.Scopes))
                continue;
            Violations.Add(
                $"{child.Token} has [{child.Scopes}] after transaction {transaction}, its "
                    + $"parent {child.Parent} {(parent is null ? "does not exist" : $"[{parent.Scopes}]")}");
            // Reports the violation only once.
            current[child.Token] = child with { Parent = null };
        }
    }
}
