using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>Concurrent requests for the same child share one creation, but not a result that was revoked since.</summary>
public sealed class SharedCreationTests
{
    private static CancellationToken Aborted => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task A_request_after_a_revocation_does_not_get_the_revoked_child(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var other = await deployment.OpenNodeAsync();
        await using var wire = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
        deployment.Settings = deployment.Settings.Through(wire);
        var node = await deployment.OpenNodeAsync();
        var parent = await other.Tokens.SessionForAsync("someone", "user:token,read:all");
        Task<Token> ChildAsync() => node.Tokens.GetInternalTokenAsync(parent, "tap", ScopeSet.Of("read:all"), cancellationToken: Aborted);

        // The child is created, and the node has not received the result.
        TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = wire.HoldAt(piece => !piece.ToServer && piece.Contains("COMMIT\0"u8), heard.Task);
        var early = ChildAsync();
        await held.WaitAsync(Aborted);
        var made = (await other.Tokens.ListTokensAsync(parent, "someone", Aborted)).Single(token => token.TokenType == TokenType.Internal);
        (await other.Tokens.DeleteTokenAsync(made.Token, parent, "someone", Aborted)).ShouldBeTrue();

        var late = ChildAsync();
        heard.SetResult();

        (await early).Key.ShouldBe(made.Token);
        (await other.Tokens.GetDataAsync(await late, Aborted)).ShouldNotBeNull();
    }
}
