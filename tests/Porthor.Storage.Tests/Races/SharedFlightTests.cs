using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>Those who want the same child at the same time share the work of making it, and not what has become of it since.</summary>
public sealed class SharedFlightTests
{
    private static CancellationToken Aborted => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Whoever_asks_after_a_revocation_is_not_given_what_was_revoked(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var other = await deployment.OpenNodeAsync();
        await using var wire = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
        deployment.Settings = deployment.Settings.Through(wire);
        var node = await deployment.OpenNodeAsync();
        var parent = await other.Tokens.SessionForAsync("someone", "user:token,read:all");
        Task<Token> ChildAsync() => node.Tokens.GetInternalTokenAsync(parent, "tap", ScopeSet.Of("read:all"), cancellationToken: Aborted);

        // The child is made, and the node has yet to hear of it.
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
