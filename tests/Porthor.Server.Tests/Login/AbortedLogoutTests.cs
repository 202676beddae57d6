using System.Text;
using Porthor.Server.Tests.OpenIdConnect;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A change that has started is completed even if the client closes its connection.</summary>
public sealed class AbortedLogoutTests
{
    private const string LockOfToken = "FOR UPDATE OF t";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_logout_is_completed_after_the_connection_was_closed() => RunAsync(async (server, abortAsync) =>
    {
        var token = (await server.Tokens.SessionForAsync("leaver", "read:all,user:token")).Record.Token;
        var cookie = server.Cookie(new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = token });
        await abortAsync(LockOfToken, HttpMethod.Get, "/logout", null, cookie);
        await ShouldBeRevokedAsync(server, token);
    });

    [Fact]
    public Task A_revocation_on_the_page_is_completed_after_the_connection_was_closed() => RunAsync(async (server, abortAsync) =>
    {
        var session = (await server.Tokens.SessionForAsync("leaver", "read:all,user:token")).Record.Token;
        var token = (await server.Tokens.SessionForAsync("leaver", "read:all")).Record.Token;
        var state = new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = session };
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("csrf", state.Csrf)]);
        await abortAsync(LockOfToken, HttpMethod.Post, $"/auth/tokens/{token.Key}/revoke", form, server.Cookie(state));
        await ShouldBeRevokedAsync(server, token);
    });

    [Fact]
    public Task An_edit_of_a_client_is_completed_after_the_connection_was_closed() => RunAsync(async (server, abortAsync) =>
    {
        var clients = server.Core.Sql.OidcClients;
        var now = server.Core.Clock.GetUtcNow();
        await clients.AddAsync([new("some-client", [1], "https://old.example.com/", "Old", Notes: null, now, now, "admin")], Cancellation);
        using var edit = new StringContent(
            """{"return_uri":"https://new.example.com/","description":"New"}""", Encoding.UTF8, "application/json");
        await abortAsync(
            "UPDATE oidc_client", HttpMethod.Patch, "/auth/api/v1/oidc-clients/some-client", edit, server.Bootstrap);
        await RealServers.WaitUntilAsync(
            async () => (await clients.FindAsync("some-client", Cancellation))!.Description.ShouldBe("New"), "the edit of the client");
    });

    private static async Task ShouldBeRevokedAsync(TestServer server, Tokens.Token token)
    {
        await RealServers.WaitUntilAsync(
            async () => (await server.Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldBeNull(), "the revocation of the token");
        (await server.Tokens.GetDataAsync(token)).ShouldBeNull();
    }

    /// <summary>
    /// Starts a server. The function closes the connection of a request after the change has started, while a statement waits for the
    /// database.
    /// </summary>
    private static async Task RunAsync(
        Func<TestServer, Func<string, HttpMethod, string, HttpContent?, (string, string), Task>, Task> test)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var wire = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        await using var server = await TestServer.StartAsync(
            Mode.Cluster, settings => OpenIdServers.WithProvider(settings).Through(wire));
        await test(server, AbortAsync);

        async Task AbortAsync(string statement, HttpMethod method, string path, HttpContent? content, (string, string) header)
        {
            TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var text = Encoding.ASCII.GetBytes(statement);
            var heldBack = wire.HoldAt(chunk => chunk.ToServer && chunk.Contains(text), release.Task);
            using var cancellation = new CancellationTokenSource();
            using var client = server.CreateClient();
            using var request = new HttpRequestMessage(method, path) { Content = content };
            request.Headers.TryAddWithoutValidation(header.Item1, header.Item2);
            var response = client.SendAsync(request, cancellation.Token);
            await heldBack.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            await cancellation.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => response);
            client.Dispose();
            // The server detects the closed connection before the next request.
            for (var i = 0; i < 20; i++)
                (await server.GetAsync("/health/live")).StatusCode.ShouldBe(200);
            release.SetResult();
        }
    }
}
