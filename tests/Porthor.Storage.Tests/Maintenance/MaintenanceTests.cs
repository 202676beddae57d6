using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Maintenance;

/// <summary>What is done from time to time. SVC-023 to SVC-025.</summary>
public sealed class MaintenanceTests
{
    /// <summary>SVC-023.</summary>
    [Theory, EveryMode]
    public async Task Whatever_has_expired_is_removed_with_a_row_of_history(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("bot-some", "user:token,read:all,admin:token");
        var end = session.Record.Expires!.Value;
        var live = await operations.Tokens.CreateUserTokenAsync(session, "bot-some", new UserTokenRequest("live", ScopeSet.Empty, end.AddSeconds(1)));
        var endless = await operations.Tokens.CreateUserTokenAsync(session, "bot-some", new UserTokenRequest("endless", ScopeSet.Empty, Expires: null));
        var notebook = await operations.Tokens.GetNotebookTokenAsync(session);
        List<Token> expiring =
        [
            session.Record.Token,
            await operations.Tokens.CreateUserTokenAsync(session, "bot-some", new UserTokenRequest("expiring", ScopeSet.Of("read:all"), end)),
            notebook,
            await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("read:all")),
            await operations.Tokens.GetInternalTokenAsync(await operations.Tokens.CallerAsync(notebook), "b", ScopeSet.Empty),
            await operations.Tokens.CreateTokenFromAdminRequestAsync(
                new AdminTokenRequest { Username = "bot-some", TokenType = TokenType.Service, Expires = end }, session),
        ];
        Dictionary<TokenKey, TokenInfo> rows = [];
        foreach (var token in expiring)
            rows[token.Key] = await operations.RowAsync(token);

        (await operations.Tokens.ExpireTokensAsync()).ShouldBe(0);
        operations.Clock.SetUtcNow(end);
        operations.Logs.Clear();
        (await operations.Tokens.ExpireTokensAsync()).ShouldBe(expiring.Count);

        foreach (var token in expiring)
            (await operations.Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldBeNull();
        (await operations.RowAsync(live)).TokenName.ShouldBe("live");
        (await operations.RowAsync(endless)).TokenName.ShouldBe("endless");
        var history = (await operations.HistoryAsync("bot-some")).TakeWhile(change => change.Action == ChangeAction.Expire).ToList();
        history.Count.ShouldBe(expiring.Count);
        foreach (var change in history)
        {
            change.ShouldBe(TokenChange.Of(rows[change.Token], ChangeAction.Expire, TokenRecord.InternalUsername, ipAddress: null, end));
        }
        operations.Logs.Lines.Count(line => line.Message == "Expired token").ShouldBe(expiring.Count);
        (await operations.Tokens.ExpireTokensAsync()).ShouldBe(0);
    }

    /// <summary>More than go in one batch, and the parent would be the first to go.</summary>
    [Theory, EveryMode]
    public async Task Children_go_before_their_parents_so_that_history_knows_whose_they_were(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var parent = Row(new TokenKey(new string('-', 22))) with { TokenType = TokenType.Session };
        List<TokenInfo> children = [.. Enumerable.Range(0, 1100).Select(_ => Row(Token.Create().Key) with { Parent = parent.Token })];
        await using (var transaction = await operations.Node.Sql.Ledger.BeginAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken))
        {
            foreach (var row in (TokenInfo[])[parent, .. children])
                transaction.Insert(row);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        (await operations.Tokens.ExpireTokensAsync()).ShouldBe(1101);
        var history = await operations.HistoryAsync("many");
        history.Count.ShouldBe(1101);
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
    public async Task History_is_kept_for_a_year_to_the_minute(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var begun = operations.Now;
        await operations.Tokens.SessionForAsync("old");
        operations.Clock.Advance(TimeSpan.FromMinutes(1));
        await operations.Tokens.SessionForAsync("new");

        operations.Clock.SetUtcNow(begun + Porthor.Maintenance.Retention.OfChanges);
        (await operations.Tokens.TruncateHistoryAsync()).ShouldBe(0);
        operations.Clock.Advance(TimeSpan.FromMinutes(1));
        (await operations.Tokens.TruncateHistoryAsync()).ShouldBe(1);
        (await operations.HistoryAsync("old")).ShouldBeEmpty();
        (await operations.HistoryAsync("new")).ShouldHaveSingleItem();
    }

    /// <summary>SVC-025.</summary>
    [Theory, EveryMode]
    public async Task Users_with_sessions_and_user_tokens_are_counted_and_published(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        Dictionary<string, long> published = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (operations.Node.Metrics.Owns(instrument) && instrument.Name.StartsWith("active_", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => published[instrument.Name] = value);
        listener.Start();

        // Nothing is a number too.
        (await operations.Tokens.GatherStateMetricsAsync()).ShouldBe(new TokenCounts(0, 0));
        published.ShouldBe(new Dictionary<string, long> { ["active_user_sessions"] = 0, ["active_user_tokens"] = 0 }, ignoreOrder: true);

        await operations.Tokens.SessionForAsync("one");
        var session = await operations.Tokens.SessionForAsync("one");
        await operations.Tokens.SessionForAsync("two");
        await operations.Tokens.CreateUserTokenAsync(session, "one", new UserTokenRequest("endless", ScopeSet.Empty, Expires: null));
        (await operations.Tokens.GatherStateMetricsAsync()).ShouldBe(new TokenCounts(2, 1));
        published.ShouldBe(new Dictionary<string, long> { ["active_user_sessions"] = 2, ["active_user_tokens"] = 1 }, ignoreOrder: true);

        operations.Clock.SetUtcNow(session.Record.Expires!.Value);
        (await operations.Tokens.GatherStateMetricsAsync()).ShouldBe(new TokenCounts(0, 1));
    }
}
