using Porthor.Tokens;

namespace Porthor.Sql;

// Lists of tokens in pages.
internal sealed partial class SqlTokenIndex
{
    private static readonly SqlFragment TypeColumn = new("t.token_type");

    public async Task<IReadOnlyList<TokenInfo>> ListAsync(
        string username, IReadOnlyList<TokenType> types, TokenCursor? after, int limit, CancellationToken cancellationToken)
    {
        var sql = database.Sql($"SELECT {TokenRows.ColumnsWithoutParent} FROM token t WHERE t.username = {username}");
        for (var i = 0; i < types.Count; i++)
        {
            var before = new SqlFragment(i == 0 ? " AND (" : " OR ");
            sql.Append($"{before}{TypeColumn} = {types[i]}");
        }
        if (types.Count > 0)
            sql.Append($")");
        if (after is { } place)
            sql.Append($" AND (t.created < {place.Created} OR (t.created = {place.Created} AND t.token > {place.Token}))");
        sql.Append($" ORDER BY t.created DESC, t.token LIMIT {limit}");
        return await database.QueryAsync(sql, TokenRows.Read, cancellationToken);
    }

    public async Task<IReadOnlyDictionary<TokenType, long>> CountByTypeAsync(string username, CancellationToken cancellationToken)
    {
        var counts = await database.QueryAsync(
            database.Sql($"SELECT CAST(token_type AS text), count(*) FROM token WHERE username = {username} GROUP BY token_type"),
            row => KeyValuePair.Create(TokenTypes.Parse(row.Text(0)), row.Number(1)),
            cancellationToken);
        return counts.ToDictionary();
    }
}
