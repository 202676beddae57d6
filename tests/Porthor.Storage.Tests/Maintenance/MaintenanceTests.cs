using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Maintenance;

/// <summary>Periodic maintenance. SVC-023 to SVC-025.</summary>
public sealed partial class MaintenanceTests
{
    /// <summary>SVC-023.</summary>
    [Theory, EveryMode]
    public async Task Expired_tokens_are_removed_with_a_row_of_history(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("bot-some", "user:token,read:all,admin:token");
        var end = session.Record.Expires!.Value;
        var live = await operations.Tokens.CreateUserTokenAsync(
            session, "bot-some", new UserTokenRequest("live", ScopeSet.Empty, end.AddSeconds(1)));
        var neverExpiring = await operations.Tokens.CreateUserTokenAsync(
            session, "bot-some", new UserTokenRequest("endless", ScopeSet.Empty, Expires: null));
        var notebook = await operations.Tokens.GetNotebookTokenAsync(session);
        List<Token> expiring =
        [
            session.Record.Token,
            await operations.Tokens.CreateUserTokenAsync(
                session, "bot-some", new UserTokenRequest("expiring", ScopeSet.Of("read:all"), end)),
            notebook,
            await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("read:all")),
            await operations.Tokens.GetInternalTokenAsync(await operations.Tokens.CallerAsync(notebook), "b", ScopeSet.Empty),
            await operations.Tokens.CreateTokenFromAdminRequestAsync(
                new AdminTokenRequest { Username = "bot-some", TokenType = TokenType.Service, Expires = end }, session),
        ];
        Dictionary<TokenKey, TokenInfo> rows = [];
        foreach (var token in expiring)
            rows[token.Key] = await operations.RowAsync(token);

        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(0);
        operations.Clock.SetUtcNow(end);
        operations.Logs.Clear();
        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(expiring.Count);

        foreach (var token in expiring)
            (await operations.Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldBeNull();
        (await operations.RowAsync(live)).TokenName.ShouldBe("live");
        (await operations.RowAsync(neverExpiring)).TokenName.ShouldBe("endless");
        var history = (await operations.HistoryAsync("bot-some")).TakeWhile(change => change.Action == ChangeAction.Expire).ToList();
        history.Count.ShouldBe(expiring.Count);
        foreach (var change in history)
        {
            change.ShouldBe(TokenChange.Of(rows[change.Token], ChangeAction.Expire, TokenRecord.InternalUsername, ipAddress: null, end));
        }
        operations.Logs.Lines.Count(line => line.Message == "Expired token").ShouldBe(expiring.Count);
        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(0);
    }

    /// <summary>There are more tokens than a batch or a step contains, and the parent is first in the order of expiration.</summary>
    [Theory, EveryMode]
    public async Task Children_are_removed_before_their_parents_so_that_the_history_contains_the_parents(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var parent = Row(new TokenKey(new string('-', 22))) with { TokenType = TokenType.Session };
        List<TokenInfo> children = [.. Enumerable.Range(0, 5200).Select(_ => Row(Token.Create().Key) with { Parent = parent.Token })];
        await using (var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(
            TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken))
        {
            foreach (var row in (TokenInfo[])[parent, .. children])
                transaction.Insert(row);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(5201);
        var history = await operations.HistoryAsync("many");
        history.Count.ShouldBe(5201);
        history.Where(change => change.Token != parent.Token).Select(change => change.Parent).Distinct().ShouldBe([parent.Token]);

        TokenInfo Row(TokenKey key) => new()
        {
            Token = key,
            Username = "many",
            TokenType = TokenType.Notebook,
            Scopes = ScopeSet.Empty,
            Created = operations.Now.AddDays(-1),
            Expires = operations.Now,
        };
    }

    /// <summary>SVC-024.</summary>
    [Theory, EveryMode]
    public async Task History_is_kept_for_exactly_one_year(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var begun = operations.Now;
        await operations.Tokens.SessionForAsync("old");
        operations.Clock.Advance(TimeSpan.FromMinutes(1));
        await operations.Tokens.SessionForAsync("new");

        operations.Clock.SetUtcNow(begun + Porthor.Maintenance.Retention.OfChanges);
        (await operations.Maintenance.TruncateHistoryAsync()).ShouldBe(0);
        operations.Clock.Advance(TimeSpan.FromMinutes(1));
        (await operations.Maintenance.TruncateHistoryAsync()).ShouldBe(1);
        (await operations.HistoryAsync("old")).ShouldBeEmpty();
        (await operations.HistoryAsync("new")).ShouldHaveSingleItem();
    }
}
