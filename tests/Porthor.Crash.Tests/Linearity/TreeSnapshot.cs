using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>The state of a tree in the stores and on the nodes after all operations have ended.</summary>
internal sealed class TreeSnapshot(Deployment deployment, IReadOnlyList<TestServer> nodes, string username)
{
    /// <summary>Returns the history of the tree's tokens in the order in which it was written.</summary>
    public async Task<List<Row>> RowsAsync()
    {
        var rows = await QueryAsync(
            $"SELECT xmin, token, parent, action, scopes FROM token_change_history WHERE username = '{username}' ORDER BY id");
        return [.. rows.Select(row => new Row(
            row[0]!, new TokenKey(row[1]!), row[2] is { } parent ? new TokenKey(parent) : null, row[3]!, ScopeSet.Parse(row[4]!)))];
    }

    /// <summary>
    /// Returns the records with more scopes than the token index lists. Records may have fewer: an incomplete change leaves fewer scopes,
    /// never more.
    /// </summary>
    public async Task<List<string>> RecordsWithExtraScopesAsync(Ancestry ancestry, IEnumerable<Token> tokens)
    {
        List<string> violations = [];
        foreach (var token in tokens)
        {
            var listed = ancestry.ScopesOf(token.Key);
            if (await nodes[0].Tokens.GetDataAsync(token) is { } record && (listed is null || !record.Scopes.IsSubsetOf(listed)))
                violations.Add(
                    $"{token.Key} is valid with [{record.Scopes}] and {(listed is null ? "not listed" : $"listed with [{listed}]")}");
        }
        return violations;
    }

    /// <summary>Returns all data for the analysis of a failure. Transaction IDs are in the order of the first locks.</summary>
    public async Task<string> DescribeAsync(IEnumerable<Token> tokens)
    {
        List<string> lines = ["history: transaction, commit time, id, token, parent, action, scopes, before"];
        lines.AddRange(Texts(await QueryAsync(
            $"""
            SELECT xmin, pg_xact_commit_timestamp(xmin), id, token, parent, action, scopes, old_scopes
            FROM token_change_history WHERE username = '{username}' ORDER BY id
            """)));
        lines.Add("rows: token, xmin, xmax, scopes, parent");
        lines.AddRange(Texts(await QueryAsync(
            $"""
            SELECT t.token, t.xmin, t.xmax, t.scopes, s.parent
            FROM token t LEFT JOIN subtoken s ON s.child = t.token WHERE t.username = '{username}'
            """)));
        lines.Add("records");
        foreach (var token in tokens)
            lines.Add($"{token.Key} {(await nodes[0].Tokens.GetDataAsync(token) is { } record ? $"[{record.Scopes}]" : "none")}");
        for (var i = 0; i < nodes.Count; i++)
        {
            lines.Add($"node {i}");
            lines.AddRange(nodes[i].Logs.Raw.Where(line => line.Contains($"\"{username}\"", StringComparison.Ordinal)));
        }
        return string.Join('\n', lines);
    }

    private static IEnumerable<string> Texts(List<string?[]> rows) => rows.Select(row => string.Join(' ', row));

    private async Task<List<string?[]>> QueryAsync(string query) =>
        await (await RealServers.Instance.PostgresAsync()).QueryAsync(deployment.DatabaseName!, query);
}
