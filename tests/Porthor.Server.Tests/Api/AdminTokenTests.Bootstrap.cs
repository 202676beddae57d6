using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

public sealed partial class AdminTokenTests
{
    /// <summary>ADM-013.</summary>
    [Theory, EveryMode]
    public async Task The_bootstrap_token_creates_the_first_administrator(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var answer = await server.PostAsync(
            "/tokens", new { username = "first-admin", token_type = "user", token_name = "first", scopes = (string[])["admin:token"] },
            server.Bootstrap);
        var token = TokenOf(answer);
        answer.ShouldBe(201, $$"""{"token":"{{token.Reveal()}}"}""");
        (await server.GetAsync("/history/token-changes?username=first-admin", TestServer.Bearer(token))).ShouldBe(
            200,
            $$"""[{"token":"{{token.Key}}","username":"first-admin","token_type":"user","token_name":"first","scopes":["admin:token"]"""
                + $$""","expires":null,"actor":"<bootstrap>","action":"create","ip_address":"127.0.0.1","event_time":{{server.Now}}}]""");
    }
}
