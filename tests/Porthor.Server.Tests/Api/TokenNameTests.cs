using Porthor.Server.Tests.Web;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Users select tokens to revoke by their names, so no route may accept a misleading name.</summary>
public sealed class TokenNameTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task Every_route_rejects_invisible_characters(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = await server.LogInAsync("visible-boss", "admin:token,user:token");
        var token = await server.CreateTokenAsync(admin, "good");
        foreach (var (name, code) in (IEnumerable<(string, string)>)[
            ("abc\u202Etxt.exe", "U+202E"), ("\u2066x\u2069", "U+2066"), ("zero\u200Bwidth", "U+200B"), ("\uFEFFname", "U+FEFF"),
            ("a\u00ADb", "U+00AD"),
            ("tab\tname", "U+0009"), ("line\nname", "U+000A"), ("\u3164", "U+3164"), ("tag\U000E0041", "U+E0041")])
        {
            foreach (var answer in (Answer[])[
                await server.PostAsync("/users/visible-boss/tokens", new { token_name = name }, admin.WriteHeaders),
                await server.PostAsync("/tokens", new { username = "somebody", token_type = "user", token_name = name }, server.Bootstrap),
                await server.PatchAsync($"/users/visible-boss/tokens/{token.Key}", new { token_name = name }, admin.WriteHeaders)])
            {
                answer.StatusCode.ShouldBe(422, answer.Body);
                (answer.DetailType, answer.DetailLocation).ShouldBe(("value_error", "body.token_name"));
                answer.DetailMessage.ShouldBe($"Value error, Token names must not contain invisible characters ({code})");
            }
            var page = await server.CreateTokenOnPageAsync(admin, $"x{name}x");
            page.StatusCode.ShouldBe(422);
            page.ErrorOf("name").ShouldBe($"Token names must not contain invisible characters ({code}).");
        }
        (await server.GetAsync("/users/visible-boss/tokens", admin.Cookie)).Json.GetArrayLength().ShouldBe(2);
    }

    /// <summary>Names are shown to others, logged and kept in the history.</summary>
    [Theory, EveryMode]
    public async Task Every_route_rejects_a_token_as_a_name(Mode mode)
    {
        const string message = "Token names must not contain a token";
        var server = await servers.GetAsync(mode);
        var admin = await server.LogInAsync("naming-boss", "admin:token,user:token");
        var token = await server.CreateTokenAsync(admin, "good");
        var secret = Token.Create().Reveal();
        foreach (var name in (string[])[secret, $"my {secret}", secret.Replace("gt-", "gt%2D", StringComparison.Ordinal),
            Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(secret))])
        {
            foreach (var answer in (Answer[])[
                await server.PostAsync("/users/naming-boss/tokens", new { token_name = name }, admin.WriteHeaders),
                await server.PostAsync("/tokens", new { username = "somebody", token_type = "user", token_name = name }, server.Bootstrap),
                await server.PatchAsync($"/users/naming-boss/tokens/{token.Key}", new { token_name = name }, admin.WriteHeaders)])
            {
                answer.StatusCode.ShouldBe(422, answer.Body);
                (answer.DetailType, answer.DetailLocation, answer.DetailMessage).ShouldBe(
                    ("value_error", "body.token_name", $"Value error, {message}"));
            }
            var page = await server.CreateTokenOnPageAsync(admin, name);
            page.StatusCode.ShouldBe(422);
            page.ErrorOf("name").ShouldBe($"{message}.");
            var request = new AdminTokenRequest { Username = "somebody", TokenType = TokenType.User, TokenName = name };
            (await Should.ThrowAsync<PorthorException>(
                () => server.Host.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(server.Clock))))
                .Error.Message.ShouldBe(message);
        }
        // Other texts that are stored with a token.
        foreach (var (field, body) in (IEnumerable<(string, object)>)[
            ("body.name", new { username = "somebody", token_type = "user", token_name = "x", name = secret }),
            ("body.email", new { username = "somebody", token_type = "user", token_name = "x", email = $"{secret}@example.com" }),
            ("body.groups.0.name", new { username = "somebody", token_type = "user", token_name = "x",
                groups = new[] { new { name = secret, id = 1 } } })])
        {
            var answer = await server.PostAsync("/tokens", body, server.Bootstrap);
            (answer.StatusCode, answer.DetailLocation).ShouldBe((422, field), answer.Body);
        }
        (await server.GetAsync("/users/naming-boss/tokens", admin.Cookie)).Json.GetArrayLength().ShouldBe(2);
    }

    /// <summary>The command line and programs that use the library do not use the API.</summary>
    [Fact]
    public async Task The_library_rejects_invisible_characters()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var request = new AdminTokenRequest { Username = "somebody", TokenType = TokenType.User, TokenName = "a\u202Eb" };
        var refused = await Should.ThrowAsync<PorthorException>(
            () => server.Host.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(server.Clock)));
        refused.Error.Kind.ShouldBe(ErrorKind.InvalidTokenName);
        refused = await Should.ThrowAsync<PorthorException>(() => server.Host.Tokens.CreateTokenFromAdminRequestAsync(
            request with { TokenName = new string('x', 65) }, TokenBuilders.Administrator(server.Clock)));
        refused.Error.Message.ShouldBe("Token names must not be longer than 64 characters");
    }
}
