using Porthor.Server.Tests.Web;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Users select tokens to revoke by their names: no route must accept a misleading name.</summary>
public sealed class TokenNameTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task Invisible_characters_are_refused_by_every_route(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var admin = await server.LogInAsync("visible-boss", "admin:token,user:token");
        var token = await server.MakeTokenAsync(admin, "good");
        foreach (var (name, code) in (IEnumerable<(string, string)>)[
            ("abc\u202Etxt.exe", "U+202E"), ("\u2066x\u2069", "U+2066"), ("zero\u200Bwidth", "U+200B"), ("\uFEFFname", "U+FEFF"), ("a\u00ADb", "U+00AD"),
            ("tab\tname", "U+0009"), ("line\nname", "U+000A"), ("\u3164", "U+3164"), ("tag\U000E0041", "U+E0041")])
        {
            foreach (var answer in (Answer[])[
                await server.PostAsync("/users/visible-boss/tokens", new { token_name = name }, admin.Writing),
                await server.PostAsync("/tokens", new { username = "somebody", token_type = "user", token_name = name }, server.Bootstrap),
                await server.PatchAsync($"/users/visible-boss/tokens/{token.Key}", new { token_name = name }, admin.Writing)])
            {
                answer.StatusCode.ShouldBe(422, answer.Body);
                (answer.DetailType, answer.DetailLocation).ShouldBe(("value_error", "body.token_name"));
                answer.DetailMessage.ShouldBe($"Value error, Token names must not contain invisible characters ({code})");
            }
            var page = await server.MakeTokenOnPageAsync(admin, $"x{name}x");
            page.StatusCode.ShouldBe(422);
            page.ErrorOf("name").ShouldBe($"Token names must not contain invisible characters ({code}).");
        }
        (await server.GetAsync("/users/visible-boss/tokens", admin.Cookie)).Json.GetArrayLength().ShouldBe(2);
    }

    /// <summary>The command line and programs that use the library bypass the API.</summary>
    [Fact]
    public async Task Invisible_characters_are_refused_below_the_api()
    {
        var server = await servers.InAsync(Mode.Embedded);
        var request = new AdminTokenRequest { Username = "somebody", TokenType = TokenType.User, TokenName = "a\u202Eb" };
        var refused = await Should.ThrowAsync<PorthorException>(
            () => server.Host.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(server.Clock)));
        refused.Error.Kind.ShouldBe(ErrorKind.InvalidTokenName);
        refused = await Should.ThrowAsync<PorthorException>(() => server.Host.Tokens.CreateTokenFromAdminRequestAsync(
            request with { TokenName = new string('x', 65) }, TokenBuilders.Administrator(server.Clock)));
        refused.Error.Message.ShouldBe("Token names must not be longer than 64 characters");
    }
}
