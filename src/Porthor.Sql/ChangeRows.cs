using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>Creates the statements that insert changes into the history.</summary>
internal static class ChangeRows
{
    private static readonly SqlFragment Columns = new(
        """
        token, username, token_type, token_name, parent, scopes, service, expires, actor, action, old_token_name, old_scopes, old_expires,
        ip_address, event_time
        """);

    /// <summary>
    /// Returns the statements that insert changes in the given order. If the database supports array parameters, one statement inserts all
    /// changes.
    /// </summary>
    public static IEnumerable<SqlStatement> Insert(SqlDatabase database, IReadOnlyList<TokenChange> changes) =>
        changes.Count > 1 && database.Dialect.SupportsArrayParameters
            ? [InsertAll(database, changes)]
            : changes.Select(change => InsertOne(database, change));

    private static SqlStatement InsertOne(SqlDatabase database, TokenChange change) => database.Sql(
        $"""
        INSERT INTO token_change_history ({Columns})
        VALUES
        ({change.Token}, {change.Username}, {change.TokenType}, {change.TokenName}, {change.Parent}, {change.Scopes}, {change.Service},
         {change.Expires}, {change.Actor}, {change.Action}, {change.OldTokenName}, {change.OldScopes}, {change.OldExpires},
         {change.IpAddress}, {change.EventTime})
        """);

    private static SqlStatement InsertAll(SqlDatabase database, IReadOnlyList<TokenChange> changes)
    {
        SqlArrayParameter Texts(Func<TokenChange, string?> text) => new([.. changes.Select(text)]);
        SqlArrayParameter Times(Func<TokenChange, DateTimeOffset?> time) => new([.. changes.Select(time)]);
        return database.Sql(
            $"""
            INSERT INTO token_change_history ({Columns})
            SELECT token, username, token_type::tokentype, token_name, parent, scopes, service, expires, actor, action::tokenchange,
                   old_token_name, old_scopes, old_expires, ip_address::inet, event_time
            FROM unnest(
              {Texts(c => c.Token.Value)}, {Texts(c => c.Username)}, {Texts(c => c.TokenType.ToText())}, {Texts(c => c.TokenName)},
              {Texts(c => c.Parent?.Value)}, {Texts(c => c.Scopes.Text)}, {Texts(c => c.Service)}, {Times(c => c.Expires)},
              {Texts(c => c.Actor)}, {Texts(c => c.Action.ToText())}, {Texts(c => c.OldTokenName)}, {Texts(c => c.OldScopes?.Text)},
              {Times(c => c.OldExpires)}, {Texts(c => c.IpAddress?.ToString())}, {Times(c => c.EventTime)})
            AS change ({Columns})
            """);
    }
}
