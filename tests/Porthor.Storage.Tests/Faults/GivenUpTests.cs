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

    private static CancellationToken Aborted => TestContext.Current.CancellationToken;

    /// <summary>The connection that a statement was given up on is the next one that the pool hands out.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Giving_a_statement_up_stops_nobody_elses(Mode mode)
    {
        Assert.SkipWhen(Prerequisites.WhyNot(mode) is not null, Prerequisites.WhyNot(mode) ?? "");
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var token = await CreateAsync(node);
        await using var holding = await node.Sql.Ledger.BeginAsync(Patient, Aborted);
        (await holding.LockAsync(token, Aborted)).ShouldNotBeNull();
        for (var turn = 0; turn < Turns; turn++)
        {
            await using (var hurried = await node.Sql.Ledger.BeginAsync(TimeSpan.FromMilliseconds(20), Aborted))
                await Should.ThrowAsync<StoreUnavailableException>(() => hurried.LockAsync(token, Aborted));
            await using var next = await node.Sql.Ledger.BeginAsync(Patient, Aborted);
            (await next.LockAsync(Token.Create().Key, Aborted)).ShouldBeNull();
        }
    }

    [Fact]
    public async Task A_connection_goes_on_only_when_the_server_has_been_asked()
    {
        using var asking = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var stop = new Stop(() =>
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

    private static async Task<TokenKey> CreateAsync(PorthorCore node) =>
        (await node.Tokens.SessionForAsync("user")).Record.Token.Key;
}
