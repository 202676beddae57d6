using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Operations;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

public sealed partial class CompletionTests
{
    [Theory, EveryMode]
    public async Task A_metrics_listener_that_throws_does_not_fail_operations(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var thrown = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (operations.Node.Metrics.Owns(instrument))
                    own.EnableMeasurementEvents(instrument);
            },
        };
        void Throw()
        {
            thrown++;
            throw new InvalidOperationException("an error of the listener");
        }
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => Throw());
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Throw());
        listener.Start();

        var session = await operations.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var child = await operations.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all"));
        (await operations.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();
        (await operations.Tokens.GetDataAsync(child)).ShouldNotBeNull();
        (await operations.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user")).ShouldBeTrue();
        (await operations.Tokens.GetDataAsync(child)).ShouldBeNull();
        thrown.ShouldBeGreaterThan(0);
    }

    /// <summary>
    /// A caller can start several tasks before it awaits them, so an error must be in the task and not be thrown by the call.
    /// </summary>
    [Theory, EveryMode]
    public async Task Methods_that_return_tasks_do_not_throw_synchronously(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "read:all");
        var invalidCaller = session with { Record = session.Record with { Username = "Not A Name" } };
        var history = new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = "other" }, Cursor: null, Limit: null);
        var clients = Registry(operations, operations.Node.Sql.OidcClients);
        Task[] failingTasks =
        [
            operations.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("exec:admin"), cancellationToken: Cancellation),
            operations.Tokens.GetInternalTokenAsync(invalidCaller, "tap", ScopeSet.Empty, cancellationToken: Cancellation),
            operations.Tokens.GetNotebookTokenAsync(invalidCaller, cancellationToken: Cancellation),
            operations.Tokens.GetChangeHistoryAsync(session, history, Cancellation),
            operations.Tokens.CountTokensAsync(session, "other", Cancellation),
            clients.ListAsync(session, Cancellation),
            clients.FindAsync(session, "some-client", Cancellation),
            clients.RegisterAsync(session, SomeClient, Cancellation),
            clients.UpdateAsync(session, "some-client", SomeClient, Cancellation),
            clients.DeleteAsync(session, "some-client", Cancellation),
        ];
        foreach (var task in failingTasks)
            await Should.ThrowAsync<PorthorException>(() => task);

        // Closed stores do not throw synchronously either.
        var (tokenIndex, recordStore) = (operations.Node.Sql.TokenIndex, operations.Node.RecordStore);
        await operations.Node.DisposeAsync();
        Task[] closedTasks =
        [
            recordStore.GetAsync(session.Record.Token.Key, known: null, Cancellation).AsTask(),
            recordStore.GetAsync([session.Record.Token.Key], Cancellation),
            tokenIndex.GetAsync(session.Record.Token.Key, Cancellation),
        ];
        foreach (var task in closedTasks)
            await Record.ExceptionAsync(() => task);
    }
}
