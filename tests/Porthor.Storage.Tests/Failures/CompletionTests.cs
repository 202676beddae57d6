using Porthor.Composition;
using Porthor.History;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

/// <summary>A change that has started is completed exactly once, even if the caller cancels or other changes interfere.</summary>
public sealed partial class CompletionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task A_started_change_is_completed_after_the_caller_cancels(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var child = await operations.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all"));

        // The caller cancels when the change starts.
        await CancelDuringAsync((tokens, cancellation) => tokens.ModifyTokenAsync(
            child.Key, operations.Administrator, "some-user", new TokenEdit { Scopes = ScopeSet.Empty }, cancellation),
            expected: typeof(PorthorException));
        await CancelDuringAsync((tokens, cancellation) => tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, Expires: null), cancellation));
        await CancelDuringAsync((tokens, cancellation) => tokens.EndSessionAsync(session.Record.Token, session.IpAddress, cancellation));

        (await operations.Tokens.ListTokensAsync(operations.Administrator, "some-user")).Single().TokenName.ShouldBe("new");
        (await operations.Tokens.GetDataAsync(session.Record.Token)).ShouldBeNull();
        (await operations.Tokens.GetDataAsync(child)).ShouldBeNull();

        // A change that has not started is not made after the caller has cancelled.
        using var before = new CancellationTokenSource();
        await before.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("never", ScopeSet.Empty, Expires: null), before.Token));

        async Task CancelDuringAsync(Func<TokenService, CancellationToken, Task> change, Type? expected = null)
        {
            using var caller = new CancellationTokenSource();
            var tokenIndex = Interceptor<ITokenIndex>.Before(operations.Node.Sql.TokenIndex, method =>
            {
                if (method == nameof(ITokenIndex.BeginAsync))
                    caller.Cancel();
                return null;
            });
            var task = change(Node(operations.Node, tokenIndex, operations.Node.RecordStore), caller.Token);
            if (expected is null)
                await task;
            else
                (await Record.ExceptionAsync(() => task)).ShouldBeOfType(expected);
        }
    }

    /// <summary>
    /// The record changes between the commit and the write that extends the record, and the reconciliation has a conflict.
    /// </summary>
    [Fact]
    public async Task An_edit_whose_reconciliation_has_a_conflict_is_recorded_once()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var operations = await Operations.StartAsync(Mode.Cluster);
        var session = await operations.Tokens.SessionForAsync("some-user", "read:all,read:some,user:token");
        var token = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("mine", ScopeSet.Of("read:all"), Expires: null));
        var (transactions, replacements) = (0, 0);
        var tokenIndex = Interceptor<ITokenIndex>.Before(
            operations.Node.Sql.TokenIndex, method => method == nameof(ITokenIndex.BeginAsync) ? BeginAsync(++transactions) : null);
        var recordStore = Interceptor<ITokenRecordStore>
            .Before(operations.Node.RecordStore, method => method == nameof(ITokenRecordStore.Within)
            ? Interceptor<IRecordStoreSession>
            .Before(operations.Node.RecordStore.Within(null!), call => call == nameof(IRecordStoreSession.ReplaceAsync)
                && ++replacements == 1
                ? Task.FromResult<IReadOnlyList<TokenKey>>([token.Key])
                : null)
            : null);

        var edit = new TokenEdit { Scopes = ScopeSet.Of("read:all", "read:some") };
        (await Node(operations.Node, tokenIndex, recordStore).ModifyTokenAsync(
            token.Key, operations.Administrator, "some-user", edit, Cancellation))
            .ShouldNotBeNull();

        (transactions, replacements).ShouldBe((3, 2));
        (await operations.HistoryAsync("some-user")).Count(change => change.Action == ChangeAction.Edit).ShouldBe(1);
        (await operations.Tokens.GetDataAsync(token))!.Scopes.ShouldBe(edit.Scopes);

        async Task<ITokenIndexTransaction> BeginAsync(int number)
        {
            var real = await operations.Node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), Cancellation);
            // The first transaction is the edit. The second one reconciles and has the conflict.
            return Interceptor<ITokenIndexTransaction>
                .Before(real, method => number == 2 && method == nameof(ITokenIndexTransaction.LockAsync)
                ? Task.FromException<TokenInfo?>(new TokenIndexConflictException("conflict"))
                : null);
        }
    }

    private static TokenService Node(PorthorDeployment core, ITokenIndex tokenIndex, ITokenRecordStore recordStore) =>
        new TokenServicesBuilder
        {
            TokenIndex = tokenIndex,
            History = core.Sql.History,
            RecordStore = recordStore,
            Fernet = new Fernet(core.SessionKeys, core.Clock),
            Loggers = core.Loggers,
            Metrics = core.Metrics,
            Tokens = core.Settings.Tokens,
            Clock = core.Clock,
        }.Build().Tokens;
}
