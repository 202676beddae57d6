using Npgsql;
using Porthor.Server.Hosting;
using Porthor.Sql.Postgres;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Faults;

/// <summary>A statement that nobody waits for any more is stopped; and only that one.</summary>
public sealed class GivenUpTests
{
    private const int Turns = 40;

    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(5);

    /// <summary>So long that nothing ends by itself while a test runs.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private static CancellationToken Aborted => TestContext.Current.CancellationToken;

    /// <summary>What asks the server to stop: a length of 16, and the number that PostgreSQL's protocol has for it.</summary>
    private static ReadOnlySpan<byte> StopRequest => [0, 0, 0, 16, 4, 210, 22, 46];

    /// <summary>The connection that a statement was given up on is the next one that the pool hands out.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Giving_a_statement_up_stops_nobody_elses(Mode mode)
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
    /// The server is asked so late that the statement has ended by itself, and the next one is under way. Whoever gave the first one up
    /// must not have let go of its connection.
    /// </summary>
    [Fact]
    public async Task A_request_to_stop_that_comes_late_stops_nobody_elses_statement()
    {
        await using var late = await LateStop.ArrangeAsync();
        var (first, second) = (await CreateAsync(late.Node), await CreateAsync(late.Node));
        await using var holdingSecond = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await holdingSecond.LockAsync(second, Aborted);

        await using (var holdingFirst = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted))
        {
            await holdingFirst.LockAsync(first, Aborted);
            await using var hurried = await late.Node.Sql.TokenIndex.BeginAsync(Long, Aborted);
            await late.GiveUpAsync(enough => hurried.LockAsync(first, enough));
        }
        await late.ShouldLetTheNextWaitAsync(second, holdingSecond);
    }

    /// <summary>The same for reading a record, which has a way of its own.</summary>
    [Fact]
    public async Task A_request_to_stop_reading_a_record_that_comes_late_stops_nobody_elses_statement()
    {
        await using var late = await LateStop.ArrangeAsync();
        var (first, second) = (await CreateAsync(late.Node), await CreateAsync(late.Node));
        await using var holdingSecond = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await holdingSecond.LockAsync(second, Aborted);

        await using (var holdingFirst = new NpgsqlConnection(late.ConnectionString))
        {
            await holdingFirst.OpenAsync(Aborted);
            await using var locking = new NpgsqlCommand("BEGIN; LOCK TABLE porthor_record", holdingFirst);
            await locking.ExecuteNonQueryAsync(Aborted);
            await late.GiveUpAsync(enough => late.Node.RecordStore.GetAsync(first, known: null, enough).AsTask());
        }
        await late.ShouldLetTheNextWaitAsync(second, holdingSecond);
    }

    /// <summary>Else it would go on, and keep a connection and its locks, for as long as it takes.</summary>
    [Fact]
    public async Task A_statement_that_was_given_up_does_not_go_on()
    {
        await using var late = await LateStop.ArrangeAsync();
        var token = await CreateAsync(late.Node);
        await using var holding = await late.Others.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await holding.LockAsync(token, Aborted);
        await using var hurried = await late.Node.Sql.TokenIndex.BeginAsync(Long, Aborted);
        await late.GiveUpAsync(enough => hurried.LockAsync(token, enough));
        await late.UntilWaitingAsync(1);
        await late.LetStopPassAsync();
        await late.UntilWaitingAsync(0);
    }

    /// <summary>Else it would be kept until the driver's own limit, and whoever comes next would wait for a connection in vain.</summary>
    [Fact]
    public async Task A_connection_that_lost_its_other_end_is_let_go_of_with_the_statement_that_was_given_up()
    {
        await using var late = await LateStop.ArrangeAsync();
        var token = await CreateAsync(late.Node);
        late.Wire.HalfOpen();
        var dead = late.Wire.DeadConnections;
        late.Wire.ForgetAsked();
        using var enough = new CancellationTokenSource();
        var asked = late.Node.RecordStore.GetAsync(token, known: null, enough.Token).AsTask();
        await RealServers.UntilAsync(() => Task.FromResult(late.Wire.Asked.Length > 0 ? true : throw new TimeoutException()), "the statement");
        await enough.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asked);
        await RealServers.UntilAsync(() => Task.FromResult(late.Wire.DeadConnections < dead ? true : throw new TimeoutException()), "the connection's end");
        (await late.Node.RecordStore.GetAsync(token, known: null, Aborted)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_connection_goes_on_only_when_the_server_has_been_asked()
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
        var goesOn = stop.NoMoreAsync().AsTask();
        goesOn.IsCompleted.ShouldBeFalse();
        mayEnd.Set();
        await goesOn;
    }

    private static async Task<TokenKey> CreateAsync(PorthorDeployment node) =>
        (await node.Tokens.SessionForAsync("user")).Record.Token.Key;

    /// <summary>A node whose requests to stop are held up on their way, and another that locks what its statements then wait for.</summary>
    private sealed class LateStop(Deployment deployment, FaultyWire wire, PorthorDeployment node, PorthorDeployment others) : IAsyncDisposable
    {
        private readonly TaskCompletionSource mayPass = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PorthorDeployment Node => node;

        public PorthorDeployment Others => others;

        public FaultyWire Wire => wire;

        public string ConnectionString => others.Settings.DatabaseConnection!.Reveal();

        public static async Task<LateStop> ArrangeAsync()
        {
            Prerequisites.SkipWithout(Mode.Database);
            var deployment = await Deployment.CreateAsync(Mode.Database);
            var others = await deployment.OpenNodeAsync();
            var wire = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
            deployment.Settings = deployment.Settings.Through(wire) with { AnswerTimeout = Long };
            return new LateStop(deployment, wire, await deployment.OpenNodeAsync(), others);
        }

        /// <summary>Gives a statement up that waits for a lock; returns when the request to stop it is on its way.</summary>
        public async Task GiveUpAsync<T>(Func<CancellationToken, Task<T>> ask)
        {
            using var enough = new CancellationTokenSource();
            var asked = ask(enough.Token);
            await UntilWaitingAsync(1);
            var held = wire.HoldAt(piece => piece.ToServer && piece.Data.Span.StartsWith(StopRequest), mayPass.Task);
            await enough.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(asked);
            await held.WaitAsync(Patient, Aborted);
        }

        /// <summary>Returns when the server has done what it was asked for.</summary>
        public async Task LetStopPassAsync()
        {
            var connections = wire.Connections;
            mayPass.SetResult();
            // The server closes the connection by which it was asked.
            await RealServers.UntilAsync(() => Task.FromResult(wire.Connections < connections ? true : throw new TimeoutException()), "the server to be asked");
        }

        /// <summary>The next statement waits for its lock until it is free, although the request to stop comes by meanwhile.</summary>
        public async Task ShouldLetTheNextWaitAsync(TokenKey key, ITokenIndexTransaction holding)
        {
            await UntilWaitingAsync(0);
            await using var next = await node.Sql.TokenIndex.BeginAsync(Long, Aborted);
            var waiting = next.LockAsync(key, Aborted);
            await UntilWaitingAsync(1);
            await LetStopPassAsync();
            await holding.DisposeAsync();
            (await waiting).ShouldNotBeNull();
        }

        /// <summary>Until so many statements wait for locks.</summary>
        public async Task UntilWaitingAsync(int count)
        {
            var postgres = await RealServers.Instance.PostgresAsync();
            var query = $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{deployment.DatabaseName}' AND wait_event_type = 'Lock'";
            await RealServers.UntilAsync(async () => (await postgres.QueryAsync("postgres", query))[0][0].ShouldBe($"{count}"), "statements that wait");
        }

        public async ValueTask DisposeAsync()
        {
            mayPass.TrySetResult();
            await deployment.DisposeAsync();
            await wire.DisposeAsync();
        }
    }
}
