using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A revocation that has started is completed even if the browser closes its connection.</summary>
public sealed class AbortedLogoutTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_logout_is_completed_after_the_connection_was_closed()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var wire = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings.Through(wire));
        var token = (await server.Tokens.SessionForAsync("leaver", "read:all,user:token")).Record.Token;
        var cookie = server.Cookie(new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = token });

        // The revocation has started and waits for the database.
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var heldBack = wire.HoldAt(chunk => chunk.ToServer && chunk.Contains("FOR UPDATE OF t"u8), release.Task);
        using var cancellation = new CancellationTokenSource();
        using var client = server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/logout");
        request.Headers.TryAddWithoutValidation(cookie.Item1, cookie.Item2);
        var logout = client.SendAsync(request, cancellation.Token);
        await heldBack.WaitAsync(Cancellation);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => logout);
        client.Dispose();
        // The server detects the closed connection before the next request.
        for (var i = 0; i < 20; i++)
            (await server.GetAsync("/health/live")).StatusCode.ShouldBe(200);
        release.SetResult();

        await RealServers.WaitUntilAsync(
            async () => (await server.Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldBeNull(), "the revocation of the session");
        (await server.Tokens.GetDataAsync(token)).ShouldBeNull();
    }
}
