using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>Concurrent requests for the same child share one creation, but not a result that was revoked since.</summary>
public sealed class SharedCreationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task A_request_after_a_revocation_does_not_get_the_revoked_child(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var other = await deployment.OpenNodeAsync();
        await using var wire = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        deployment.Settings = deployment.Settings.Through(wire);
        var node = await deployment.OpenNodeAsync();
        var parent = await other.Tokens.SessionForAsync("someone", "user:token,read:all");
        Task<Token> ChildAsync() => node.Tokens.GetInternalTokenAsync(
            parent, "tap", ScopeSet.Of("read:all"), cancellationToken: Cancellation);

        // The child is created, but the node has not received the result.
        TaskCompletionSource mayReceive = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var heldBack = wire.HoldAt(chunk => !chunk.ToServer && chunk.Contains("COMMIT\0"u8), mayReceive.Task);
        var first = ChildAsync();
        await heldBack.WaitAsync(Cancellation);
        var created = (await other.Tokens.ListTokensAsync(parent, "someone", Cancellation))
            .Single(token => token.TokenType == TokenType.Internal);
        (await other.Tokens.DeleteTokenAsync(created.Token, parent, "someone", Cancellation)).ShouldBeTrue();

        var second = ChildAsync();
        mayReceive.SetResult();

        (await first).Key.ShouldBe(created.Token);
        (await other.Tokens.GetDataAsync(await second, Cancellation)).ShouldNotBeNull();
    }
}
