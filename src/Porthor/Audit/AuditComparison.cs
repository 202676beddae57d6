using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

/// <summary>Compares a row with its record. Pure.</summary>
internal static class AuditComparison
{
    public static bool Matches(TokenInfo row, TokenRecord record) => Mismatches(row, record).Count == 0;

    /// <summary>What differs, by the contract's names and in its order.</summary>
    public static IReadOnlyList<string> Mismatches(TokenInfo row, TokenRecord record)
    {
        List<string> names = [];
        if (row.Username != record.Username)
            names.Add("username");
        if (row.TokenType != record.TokenType)
            names.Add("type");
        if (!row.Scopes.Equals(record.Scopes))
            names.Add("scopes");
        if (row.Created != record.Created)
            names.Add("created");
        if (row.Expires?.TruncateToSeconds() != record.Expires)
            names.Add("expires");
        return names;
    }

    /// <summary>Does a child end later than its parent, or never, when the parent does?</summary>
    public static bool Outlives(DateTimeOffset? child, DateTimeOffset? parent) => parent is not null && !(child <= parent);
}
