using Porthor.Tokens;

namespace Porthor.Audit;

/// <summary>What can be wrong between token index and record store, in the order of contract/tokens.md 9.</summary>
public enum AuditKind
{
    Malformed = 1,
    NoRecord,
    NoRow,
    Mismatch,
    OutlivesParent,
    NoParent,
    UnknownScope,
}

/// <summary>The kinds' names, for whoever counts them.</summary>
public static class AuditKinds
{
    private static readonly string[] Names = ["malformed", "no_record", "no_row", "mismatch", "outlives_parent", "no_parent", "unknown_scope"];

    public static string ToText(this AuditKind kind) => Names[(int)kind - 1];
}

/// <summary>One inconsistency.</summary>
/// <param name="Text">For people, as Markdown; says what was repaired.</param>
/// <param name="Repaired">True if nothing of it remains.</param>
public sealed record AuditFinding(AuditKind Kind, TokenKey Token, string Text, bool Repaired);

/// <summary>How far an audit is.</summary>
/// <param name="Examined">Records and rows looked at.</param>
/// <param name="Findings">Findings so far.</param>
/// <param name="Tokens">The number of tokens of the token index that were compared with their records.</param>
public readonly record struct AuditProgress(long Examined, long Findings, long Tokens = 0);
