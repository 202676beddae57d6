using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

internal sealed partial class CrashRun
{
    /// <summary>Compares the responses with the stores. The audit repairs inconsistencies, and a second audit must find none.</summary>
    public async Task CheckAsync()
    {
        var tokens = tokenTree.Tokens;
        var rows = await ListAsync(nodes[0], tokens);
        var valid = await ValidTokensAsync(tokens);
        foreach (var token in valid)
            rows.ShouldContain(token.Token.Key, "the token is valid and not listed");
        await CheckHistoryAsync(tokens);

        var audit = await nodes[0].RunAsync("audit", "--fix");
        audit.ExitCode.ShouldBe(0, audit.Errors);
        var secondAudit = await nodes[0].RunAsync("audit", "--strict");
        (secondAudit.ExitCode, secondAudit.Output).ShouldBe((0, ""));
        // The audit restores no removed scopes, and it only revokes tokens whose revocation was requested.
        (await ValidTokensAsync(tokens)).ShouldBeSubsetOf(valid);

        Summary = $"seed {Seed}: {tokens.Count} tokens, {tokens.Count(token => token.IsRevoked)} revoked; {Answered} answers, "
            + $"{clients.Sum(client => client.Count.Unanswered)} requests without an answer; findings repaired by the "
            + $"audit: {audit.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length}";
    }

    /// <summary>
    /// While a node is down, its interrupted changes stay incomplete; after its start it completes them or hides the inconsistency. A token
    /// that is not listed is never valid, because the record of a token is deleted before its row.
    /// </summary>
    private async Task CheckListedAsync(Node running)
    {
        // The tokens are read before the lists, so that each of them had a row.
        var issued = tokenTree.Tokens;
        var rows = await ListAsync(running, issued);
        await Task.WhenAll(issued.Where(token => !rows.Contains(token.Token.Key)).Select(async token =>
            (await http.AuthorizeAsync(running.Url, token.Token))!.StatusCode.ShouldBe(401, $"{token.Token.Key} is not listed")));
    }

    private async Task<HashSet<TokenKey>> ListAsync(Node node, IReadOnlyList<KnownToken> tokens)
    {
        HashSet<TokenKey> keys = [];
        foreach (var username in tokens.Select(token => token.Username).Distinct())
        {
            var list = await http.ListAsync(node.Url, administrator, username);
            keys.UnionWith(Requests.ItemsIn(list!).Select(item => new TokenKey(item.GetProperty("token").GetString()!)));
        }
        return keys;
    }

    /// <summary>
    /// Returns the valid tokens, which must be the same on all nodes. No revoked token is among them, and all tokens without a requested
    /// revocation are.
    /// </summary>
    private async Task<IReadOnlyList<KnownToken>> ValidTokensAsync(IReadOnlyList<KnownToken> tokens)
    {
        List<KnownToken> valid = [];
        foreach (var token in tokens)
        {
            var results = (await Task.WhenAll(nodes.Select(node => IsValidAsync(node, token)))).Distinct().ToList();
            results.Count.ShouldBe(1, $"nodes do not agree on {token.Token.Key}");
            if (results[0])
            {
                token.IsRevoked.ShouldBeFalse($"{token.Token.Key} is valid after its revocation was acknowledged");
                valid.Add(token);
            }
            else
            {
                token.MayBeRevoked.ShouldBeTrue($"{token.Token.Key} is invalid without a revocation");
            }
        }
        return valid;
    }

    /// <summary>Repeats the request while the node answers 503: it has just started, and the machine may be busy.</summary>
    private async Task<bool> IsValidAsync(Node node, KnownToken token)
    {
        Answer? answer = null;
        await RealServers.WaitUntilAsync(
            async () => (answer = await http.AuthorizeAsync(node.Url, token.Token))!.StatusCode.ShouldBeOneOf(200, 401),
            "an answer with 200 or 401");
        return answer!.StatusCode == 200;
    }

    /// <summary>Checks that the history has one row for each acknowledged change: one creation, one revocation, and all edits.</summary>
    private async Task CheckHistoryAsync(IReadOnlyList<KnownToken> tokens)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        var counts = (await postgres.QueryAsync(
            deployment.DatabaseName!, "SELECT token, action, count(*) FROM token_change_history GROUP BY 1, 2"))
            .ToDictionary(row => (row[0]!, row[1]!), row => int.Parse(row[2]!));
        foreach (var token in tokens)
        {
            int Count(string action) => counts.GetValueOrDefault((token.Token.Key.Value, action));
            Count("create").ShouldBe(1, $"creations of {token.Token.Key} in history");
            Count("edit").ShouldBeGreaterThanOrEqualTo(token.Edits, $"edits of {token.Token.Key} in history");
            Count("revoke").ShouldBeInRange(
                token.IsRevoked ? 1 : 0, token.MayBeRevoked ? 1 : 0, $"revocations of {token.Token.Key} in history");
        }
    }
}
