using Porthor.Tokens;

namespace Porthor.Audit;

/// <summary>
/// Identifies the kind of an inconsistency between the token index and the record store. The values have the order of contract/tokens.md 9.
/// </summary>
public enum AuditKind
{
    /// <summary>A record cannot be read.</summary>
    Malformed = 1,
    /// <summary>A row has no record.</summary>
    NoRecord,
    /// <summary>A record has no row.</summary>
    NoRow,
    /// <summary>A row and its record differ.</summary>
    Mismatch,
    /// <summary>A child token expires after its parent.</summary>
    OutlivesParent,
    /// <summary>The parent of a child token is not listed.</summary>
    NoParent,
    /// <summary>A token has a scope that the deployment does not configure.</summary>
    UnknownScope,
}

/// <summary>Converts the kinds of inconsistencies to their names in metrics.</summary>
public static class AuditKinds
{
    private static readonly string[] Names =
        ["malformed", "no_record", "no_row", "mismatch", "outlives_parent", "no_parent", "unknown_scope"];

    /// <summary>Returns the name of a kind.</summary>
    public static string ToText(this AuditKind kind) => Names[(int)kind - 1];
}

/// <summary>Represents an inconsistency.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Token">The key of the token.</param>
/// <param name="Text">A description in Markdown, which states whether the inconsistency was repaired.</param>
/// <param name="Repaired">True if the inconsistency was repaired completely.</param>
public sealed record AuditFinding(AuditKind Kind, TokenKey Token, string Text, bool Repaired);

/// <summary>Represents the progress of an audit.</summary>
/// <param name="Examined">The number of records and rows that were examined.</param>
/// <param name="Findings">The number of inconsistencies that were found.</param>
/// <param name="Tokens">The number of tokens in the token index that were compared with their records.</param>
public readonly record struct AuditProgress(long Examined, long Findings, long Tokens = 0);
