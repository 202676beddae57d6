using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Maintenance;

public sealed partial class MaintenanceTests
{
    /// <summary>
    /// Maintenance counts most of the history in advance, and requests count the rest. The sum stays correct while rows are added and
    /// removed.
    /// </summary>
    [Theory, EveryMode]
    public async Task Changes_that_maintenance_has_counted_are_not_counted_again(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var (history, settings) = (operations.Node.Sql.History, operations.Node.Sql.Settings);
        await AddAsync(10_000, TimeSpan.FromDays(300));
        await AddAsync(30, TimeSpan.FromMinutes(1));
        // Rows that will be removed soon.
        await AddAsync(20, TimeSpan.FromDays(364));
        (await CountAsync()).ShouldBe(10_050);
        await operations.Maintenance.TruncateHistoryAsync();
        (await CountAsync()).ShouldBe(10_050);

        // Rows that were added or removed since are counted; the stored number covers the rest.
        await AddAsync(5, TimeSpan.Zero);
        (await history.TruncateAsync(operations.Now.AddDays(-363), limit: 4, TestContext.Current.CancellationToken)).ShouldBe(4);
        (await CountAsync()).ShouldBe(10_051);
        var storedCount = (await settings.GetAsync("counted-changes", TestContext.Current.CancellationToken)).ShouldNotBeNull();
        await settings.SetAsync(
            "counted-changes", storedCount.Replace("\"rows\":10000", "\"rows\":20000", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        (await CountAsync()).ShouldBe(20_051);

        // The stored number is not used if its first row was removed.
        (await history.TruncateAsync(operations.Now.AddDays(-299), limit: 17, TestContext.Current.CancellationToken)).ShouldBe(17);
        (await CountAsync()).ShouldBe(10_034);

        // A small number of rows is counted without a stored number.
        operations.Clock.Advance(TimeSpan.FromDays(66));
        (await operations.Maintenance.TruncateHistoryAsync()).ShouldBe(9_999);
        (await settings.GetAsync("counted-changes", TestContext.Current.CancellationToken)).ShouldBeNull();
        (await CountAsync()).ShouldBe(35);

        Task<long> CountAsync() => history.CountAsync(new HistoryFilter(), TestContext.Current.CancellationToken);

        async Task AddAsync(int count, TimeSpan age)
        {
            await using var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(
                TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            transaction.Add(
            [
                .. Enumerable.Range(0, count).Select(_ => new TokenChange
                {
                    Token = Token.Create().Key,
                    Username = "many",
                    TokenType = TokenType.Session,
                    Scopes = ScopeSet.Empty,
                    Actor = "many",
                    Action = ChangeAction.Create,
                    EventTime = operations.Now - age,
                }),
            ]);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
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

        // Zero is published too.
        (await operations.Maintenance.CountTokensForMetricsAsync()).ShouldBe(new TokenCounts(0, 0));
        published.ShouldBe(new Dictionary<string, long> { ["active_user_sessions"] = 0, ["active_user_tokens"] = 0 }, ignoreOrder: true);

        await operations.Tokens.SessionForAsync("one");
        var session = await operations.Tokens.SessionForAsync("one");
        await operations.Tokens.SessionForAsync("two");
        await operations.Tokens.CreateUserTokenAsync(session, "one", new UserTokenRequest("endless", ScopeSet.Empty, Expires: null));
        (await operations.Maintenance.CountTokensForMetricsAsync()).ShouldBe(new TokenCounts(2, 1));
        published.ShouldBe(new Dictionary<string, long> { ["active_user_sessions"] = 2, ["active_user_tokens"] = 1 }, ignoreOrder: true);

        operations.Clock.SetUtcNow(session.Record.Expires!.Value);
        (await operations.Maintenance.CountTokensForMetricsAsync()).ShouldBe(new TokenCounts(0, 1));
    }
}
