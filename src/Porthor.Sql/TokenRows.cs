using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>The columns of a token, as every statement that reads tokens names them.</summary>
internal static class TokenRows
{
    // Enumerations are cast, because the driver knows only those that existed when it connected first.

    /// <summary>From <c>token t LEFT JOIN subtoken s</c>.</summary>
    public static readonly SqlFragment Columns = new(
        "t.token, t.username, CAST(t.token_type AS text), t.token_name, t.scopes, t.service, t.created, t.last_used, t.expires, s.parent");

    /// <summary>From <c>token t</c> alone; no parent.</summary>
    public static readonly SqlFragment ColumnsWithoutParent = new(
        "t.token, t.username, CAST(t.token_type AS text), t.token_name, t.scopes, t.service, t.created, t.last_used, t.expires, NULL");

    public static readonly SqlFragment TokenColumn = new("token");

    /// <summary>From <c>token t</c>.</summary>
    public static readonly SqlFragment QualifiedTokenColumn = new("t.token");

    /// <summary>How many columns <see cref="Read"/> takes; others may follow.</summary>
    public const int Count = 10;

    public static TokenInfo Read(SqlRow row) => new()
    {
        Token = row.Key(0),
        Username = row.Text(1),
        TokenType = TokenTypes.Parse(row.Text(2)),
        TokenName = row.TextOrNull(3),
        Scopes = row.Scopes(4),
        Service = row.TextOrNull(5),
        Created = row.Time(6),
        LastUsed = row.TimeOrNull(7),
        Expires = row.TimeOrNull(8),
        Parent = row.KeyOrNull(9),
    };
}
