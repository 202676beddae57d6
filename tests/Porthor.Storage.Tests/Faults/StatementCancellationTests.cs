using Npgsql;
using Porthor.Server.Hosting;
using Porthor.Sql.Postgres;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Faults;

/// <summary>A statement whose caller no longer waits is cancelled, and no other statement is.</summary>
public sealed class StatementCancellationTests
{
    private const int Turns = 40;

    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(5);

    /// <summary>Long enough that no statement times out during a test.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private static CancellationToken Aborted => TestContext.Current.CancellationToken;

    /// <summary>The beginning of PostgreSQL's CancelRequest message: its length, 16, and the cancel request code.</summary>
    private static ReadOnlySpan<byte> StopRequest => [0, 0, 0, 16, 4, 210, 22, 46];

    /// <summary>The pool returns the connection of the cancelled statement next.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Cancelling_a_statement_does_not_cancel_the_next_one(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var token = await CreateAsync(node);
        await using var holding = await node.Sql.TokenIndex.BeginAsync(Patient, Aborted);
        (await holding.LockAsync(token, Aborted)).ShouldNotBeNull();
        for (var turn = 0; turn < Turns; turn++)
        {
            await using (var hurried = await node.Sql.TokenIndex.BeginAsync(TimeSpan.FromMilliseconds(20), Aborted))
                await Should.ThrowAsync<StoreUnavailableException>(() => hurried.LockAsync(token, Aborted));
            await using var next = await node.Sql.TokenIndex.BeginAsync(Patient, Aborted);
            (await next.LockAsync(Token.Create().Key, Aborted)).ShouldBeNull();
        }
    }

    /// <summary>
    /// The cancel request reaches the server after the statement has completed, while the next statement runs. The connection must not be
    /// returned to the pool before the request was processed.
    /// </summary>
    [Fact]
    public async Task A_late_cancel_request_does_not_cancel_the_next_statement()
    {
        await using var late = await DelayedCancellation.StartAsync();
        var (first, second) = (await CreateAsync(late.Node), await CreateAsync(late.Node));
        await using var holdingSecond = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await holdingSecond.LockAsync(second, Aborted);

        await using (var holdingFirst = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted))
        {
            await holdingFirst.LockAsync(first, Aborted);
            await using var hurried = await late.Node.Sql.TokenIndex.BeginAsync(Long, Aborted);
            await late.CancelWhileHeldAsync(enough => hurried.LockAsync(first, enough));
        }
        await late.ShouldLetTheNextWaitAsync(second, holdingSecond);
    }

    /// <summary>The same for reading a record, which is a separate code path.</summary>
    [Fact]
    public async Task A_late_cancel_request_of_a_record_read_does_not_cancel_the_next_statement()
    {
        await using var late = await DelayedCancellation.StartAsync();
        var (first, second) = (await CreateAsync(late.Node), await CreateAsync(late.Node));
        await using var holdingSecond = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await holdingSecond.LockAsync(second, Aborted);

        await using (var holdingFirst = new NpgsqlConnection(late.ConnectionString))
        {
            await holdingFirst.OpenAsync(Aborted);
            await using var locking = new NpgsqlCommand("BEGIN; LOCK TABLE porthor_record", holdingFirst);
            await locking.ExecuteNonQueryAsync(Aborted);
            await late.CancelWhileHeldAsync(enough => late.Node.RecordStore.GetAsync(first, known: null, enough).AsTask());
        }
        await late.ShouldLetTheNextWaitAsync(second, holdingSecond);
    }

    /// <summary>Otherwise the statement would keep a connection and its locks until it completes.</summary>
    [Fact]
    public async Task A_cancelled_statement_stops()
    {
        await using var late = await DelayedCancellation.StartAsync();
        var token = await CreateAsync(late.Node);
        await using var holding = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await holding.LockAsync(token, Aborted);
        await using var hurried = await late.Node.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await late.CancelWhileHeldAsync(enough => hurried.LockAsync(token, enough));
        await late.UntilWaitingAsync(1);
        await late.ForwardCancelRequestAsync();
        await late.UntilWaitingAsync(0);
    }

    /// <summary>Otherwise the pool would keep the connection until the driver's timeout, and later callers would fail.</summary>
    [Fact]
    public async Task A_half_open_connection_is_closed_when_its_statement_is_cancelled()
    {
        await using var late = await DelayedCancellation.StartAsync();
        var token = await CreateAsync(late.Node);
        late.Wire.HalfOpen();
        var dead = late.Wire.HalfOpenConnections;
        late.Wire.ClearSentData();
        using var enough = new CancellationTokenSource();
        var asked = late.Node.RecordStore.GetAsync(token, known: null, enough.Token).AsTask();
        await RealServers.UntilAsync(
            () => Task.FromResult(late.Wire.SentData.Length > 0 ? true : throw new TimeoutException()), "the statement to be sent");
        await enough.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asked);
        await RealServers.UntilAsync(
            () => Task.FromResult(late.Wire.HalfOpenConnections < dead ? true : throw new TimeoutException()),
            "the connection to be closed");
        (await late.Node.RecordStore.GetAsync(token, known: null, Aborted)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_connection_is_reused_only_after_the_cancel_request_was_sent()
    {
        using var asking = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var stop = new StatementCanceller(() =>
        {
            asking.Set();
            mayEnd.Wait(Aborted);
        });
        stop.Begin();
        asking.Wait(Aborted);
        var released = stop.FinishAsync().AsTask();
        released.IsCompleted.ShouldBeFalse();
        mayEnd.Set();
        await released;
    }

    private static async Task<TokenKey> CreateAsync(PorthorDeployment node) =>
        (await node.Tokens.SessionForAsync("user")).Record.Token.Key;

    /// <summary>
    /// A node whose cancel requests are held back in the network, and a second node that holds the locks for which its statements wait.
    /// </summary>
    private sealed class DelayedCancellation(Deployment deployment, FaultyWire wire, PorthorDeployment node, PorthorDeployment others)
        : IAsyncDisposable
    {
        private readonly TaskCompletionSource mayPass = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PorthorDeployment Node => node;

        public PorthorDeployment Others => others;

        public FaultyWire Wire => wire;

        public string ConnectionString => others.Settings.DatabaseConnection!.Reveal();

        public static async Task<DelayedCancellation> StartAsync()
        {
            Prerequisites.SkipWithout(Mode.Database);
            var deployment = await Deployment.CreateAsync(Mode.Database);
            var others = await deployment.OpenNodeAsync();
            var wire = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
            deployment.Settings = deployment.Settings.Through(wire) with { AnswerTimeout = Long };
            return new DelayedCancellation(deployment, wire, await deployment.OpenNodeAsync(), others);
        }

        /// <summary>Cancels a statement that waits for a lock. Returns when its cancel request is held back.</summary>
        public async Task CancelWhileHeldAsync<T>(Func<CancellationToken, Task<T>> ask)
        {
            using var enough = new CancellationTokenSource();
            var asked = ask(enough.Token);
            await UntilWaitingAsync(1);
            var held = wire.HoldAt(piece => piece.ToServer && piece.Data.Span.StartsWith(StopRequest), mayPass.Task);
            await enough.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(asked);
            await held.WaitAsync(Patient, Aborted);
        }

        /// <summary>Forwards the cancel request and waits until the server has processed it.</summary>
        public async Task ForwardCancelRequestAsync()
        {
            var connections = wire.Connections;
            mayPass.SetResult();
            // The server closes the connection of a cancel request after processing it.
            await RealServers.UntilAsync(
                () => Task.FromResult(wire.Connections < connections ? true : throw new TimeoutException()),
                "the cancel request to be processed");
        }

        /// <summary>
        /// Checks that the next statement waits for its lock although the cancel request of the previous one arrives meanwhile.
        /// </summary>
        public async Task ShouldLetTheNextWaitAsync(TokenKey key, ITokenIndexTransaction holding)
        {
            await UntilWaitingAsync(0);
            await using var next = await node.Sql.TokenIndex.BeginAsync(Long, Aborted);
            var waiting = next.LockAsync(key, Aborted);
            await UntilWaitingAsync(1);
            await ForwardCancelRequestAsync();
            await holding.DisposeAsync();
            (await waiting).ShouldNotBeNull();
        }

        /// <summary>Waits until this number of statements waits for locks.</summary>
        public async Task UntilWaitingAsync(int count)
        {
            var postgres = await RealServers.Instance.PostgresAsync();
            var query = $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{deployment.DatabaseName}' AND wait_event_type = 'Lock'";
            await RealServers.UntilAsync(
                async () => (await postgres.QueryAsync("postgres", query))[0][0].ShouldBe($"{count}"), "statements that wait");
        }

        public async ValueTask DisposeAsync()
        {
            mayPass.TrySetResult();
            await deployment.DisposeAsync();
            await wire.DisposeAsync();
        }
    }
}
