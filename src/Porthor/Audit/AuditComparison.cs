using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

/// <summary>Compares a token's row in the token index with its record.</summary>
internal static class AuditComparison
{
    public static bool Matches(TokenInfo row, TokenRecord record) => Mismatches(row, record).Count == 0;

    /// <summary>Returns the names of the fields that differ, with the names and in the order of contract/tokens.md 9.</summary>
    public static IReadOnlyList<string> Mismatches(TokenInfo row, TokenRecord record)
    {
        List<string> names = [];
        if (row.Username != record.Username)
            names.Add("username");
        if (row.TokenType != record.TokenType)
            names.Add("type");
        if (!row.Scopes.Equals(record.Scopes))
            names.Add("scopes");
        if (row.Created.TruncateToSeconds() != record.Created.TruncateToSeconds())
            names.Add("created");
        if (row.Expires?.TruncateToSeconds() != record.Expires?.TruncateToSeconds())
            names.Add("expires");
        return names;
    }

    /// <summary>
    /// Returns true if a child expires later than its parent, or if the child never expires and the parent does. Compares whole seconds,
    /// because records contain no fractions of a second (deviations 45).
    /// </summary>
    public static bool Outlives(DateTimeOffset? child, DateTimeOffset? parent) =>
        parent is not null && !(child?.TruncateToSeconds() <= parent.Value.TruncateToSeconds());
}
