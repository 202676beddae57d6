using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>Contains the columns of a token that all statements read.</summary>
internal static class TokenRows
{
    // Enumerations are cast to text, because the driver can read only those enumeration types that existed at its first connection.

    /// <summary>The columns of <c>token t LEFT JOIN subtoken s</c>.</summary>
    public static readonly SqlFragment Columns = new(
        "t.token, t.username, CAST(t.token_type AS text), t.token_name, t.scopes, t.service, t.created, t.last_used, t.expires, s.parent");

    /// <summary>The columns of <c>token t</c>, without the parent.</summary>
    public static readonly SqlFragment ColumnsWithoutParent = new(
        "t.token, t.username, CAST(t.token_type AS text), t.token_name, t.scopes, t.service, t.created, t.last_used, t.expires, NULL");

    public static readonly SqlFragment TokenColumn = new("token");

    /// <summary>The key column of <c>token t</c>.</summary>
    public static readonly SqlFragment QualifiedTokenColumn = new("t.token");

    /// <summary>The number of columns that <see cref="Read"/> reads. Further columns may follow.</summary>
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
