using Npgsql;
using Porthor.Server.Hosting;
using Porthor.Sql.Postgres;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Failures;

/// <summary>Tests that a statement is cancelled when its caller no longer waits, and that no other statement is cancelled.</summary>
public sealed partial class StatementCancellationTests
{
    private const int Rounds = 40;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Long enough that no statement times out during a test.</summary>
    private static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The beginning of PostgreSQL's CancelRequest message: its length, 16, and the cancel request code.</summary>
    private static ReadOnlySpan<byte> CancelRequest => [0, 0, 0, 16, 4, 210, 22, 46];

    /// <summary>The pool returns the connection of the cancelled statement to the next caller.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Cancelling_a_statement_does_not_cancel_the_next_one(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var token = await CreateAsync(node);
        await using var holding = await node.Sql.TokenIndex.BeginAsync(Timeout, Cancellation);
        (await holding.LockAsync(token, Cancellation)).ShouldNotBeNull();
        for (var round = 0; round < Rounds; round++)
        {
            await using (var waiting = await node.Sql.TokenIndex.BeginAsync(TimeSpan.FromMilliseconds(20), Cancellation))
                await Should.ThrowAsync<StoreUnavailableException>(() => waiting.LockAsync(token, Cancellation));
            await using var next = await node.Sql.TokenIndex.BeginAsync(Timeout, Cancellation);
            (await next.LockAsync(Token.Create().Key, Cancellation)).ShouldBeNull();
        }
    }

    /// <summary>
    /// The cancel request reaches the server after the statement has completed, while the next statement runs. The connection must not be
    /// returned to the pool before the request was processed.
    /// </summary>
    [Fact]
    public async Task A_late_cancel_request_does_not_cancel_the_next_statement()
    {
        await using var site = await DelayedCancellation.StartAsync();
        var (first, second) = (await CreateAsync(site.Node), await CreateAsync(site.Node));
        await using var holdingSecond = await site.OtherNode.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation);
        await holdingSecond.LockAsync(second, Cancellation);

        await using (var holdingFirst = await site.OtherNode.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation))
        {
            await holdingFirst.LockAsync(first, Cancellation);
            await using var waiting = await site.Node.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation);
            await site.CancelWhileHeldAsync(cancellation => waiting.LockAsync(first, cancellation));
        }
        await site.NextStatementShouldWaitAsync(second, holdingSecond);
    }

    /// <summary>Reading a record is a separate code path.</summary>
    [Fact]
    public async Task A_late_cancel_request_of_a_record_read_does_not_cancel_the_next_statement()
    {
        await using var site = await DelayedCancellation.StartAsync();
        var (first, second) = (await CreateAsync(site.Node), await CreateAsync(site.Node));
        await using var holdingSecond = await site.OtherNode.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation);
        await holdingSecond.LockAsync(second, Cancellation);

        await using (var holdingFirst = new NpgsqlConnection(site.ConnectionString))
        {
            await holdingFirst.OpenAsync(Cancellation);
            await using var locking = new NpgsqlCommand("BEGIN; LOCK TABLE porthor_record", holdingFirst);
            await locking.ExecuteNonQueryAsync(Cancellation);
            await site.CancelWhileHeldAsync(cancellation => site.Node.RecordStore.GetAsync(first, known: null, cancellation).AsTask());
        }
        await site.NextStatementShouldWaitAsync(second, holdingSecond);
    }

    /// <summary>A statement that is not cancelled would keep a connection and its locks until it completes.</summary>
    [Fact]
    public async Task A_cancelled_statement_stops()
    {
        await using var site = await DelayedCancellation.StartAsync();
        var token = await CreateAsync(site.Node);
        await using var holding = await site.OtherNode.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation);
        await holding.LockAsync(token, Cancellation);
        await using var waiting = await site.Node.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation);
        await site.CancelWhileHeldAsync(cancellation => waiting.LockAsync(token, cancellation));
        await site.WaitForLockWaitsAsync(1);
        await site.ForwardCancelRequestAsync();
        await site.WaitForLockWaitsAsync(0);
    }

    /// <summary>The pool would otherwise keep the connection until the driver's timeout, and later callers would fail.</summary>
    [Fact]
    public async Task A_half_open_connection_is_closed_when_its_statement_is_cancelled()
    {
        await using var site = await DelayedCancellation.StartAsync();
        var token = await CreateAsync(site.Node);
        site.Wire.MakeHalfOpen();
        var dead = site.Wire.HalfOpenConnections;
        site.Wire.ClearSentData();
        using var cancellation = new CancellationTokenSource();
        var asked = site.Node.RecordStore.GetAsync(token, known: null, cancellation.Token).AsTask();
        await RealServers.WaitUntilAsync(
            () => Task.FromResult(site.Wire.SentData.Length > 0 ? true : throw new TimeoutException()), "the statement to be sent");
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asked);
        await RealServers.WaitUntilAsync(
            () => Task.FromResult(site.Wire.HalfOpenConnections < dead ? true : throw new TimeoutException()),
            "the connection to be closed");
        (await site.Node.RecordStore.GetAsync(token, known: null, Cancellation)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_connection_is_reused_only_after_the_cancel_request_was_sent()
    {
        using var cancelStarted = new ManualResetEventSlim();
        using var mayFinish = new ManualResetEventSlim();
        var stop = new StatementCanceller(() =>
        {
            cancelStarted.Set();
            mayFinish.Wait(Cancellation);
        });
        stop.Begin();
        cancelStarted.Wait(Cancellation);
        var released = stop.FinishAsync().AsTask();
        released.IsCompleted.ShouldBeFalse();
        mayFinish.Set();
        await released;
    }

    private static async Task<TokenKey> CreateAsync(PorthorDeployment node) =>
        (await node.Tokens.SessionForAsync("user")).Record.Token.Key;
}
