using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

/// <summary>Tokens that administrators create for other users: ADM-001 to ADM-013.</summary>
public sealed partial class AdminTokenTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string UsernamePattern = "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";

    [Theory, EveryMode]
    public async Task An_administrator_creates_a_service_token_and_the_service_a_user_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);

        // ADM-001: the scope admin:token is required.
        var plain = await server.LogInAsync("plain-user", "exec:admin");
        (await server.PostAsync("/tokens", new { username = "bot-a-service", token_type = "service" }, plain.WriteHeaders))
            .ShouldBeError(403, "permission_denied", "Token does not have required scope admin:token");

        // ADM-002, ADM-003: a service token with all fields. Its expiration has microseconds and is stored in seconds.
        var admin = await server.LogInAsync("admin-user", "admin:token,exec:admin");
        var expires = server.Clock.GetUtcNow().AddDays(2).AddMicroseconds(123);
        var lineCount = server.CountLines();
        var answer = await server.PostAsync(
            "/tokens",
            new
            {
                username = "bot-a-service",
                token_type = "service",
                scopes = (string[])["admin:token", "read:all"],
                expires = expires.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz"),
                name = "A Service",
                uid = 1234,
                gid = 4567,
                email = "service@example.com",
                groups = (object[])[new { name = "some-group", id = 12381 }, new { name = "a-group", id = 0 }],
            },
            admin.WriteHeaders);
        var service = TokenOf(answer);
        answer.ShouldBe(201, $$"""{"token":"{{service.Reveal()}}"}""");
        answer.Header("Location").ShouldBe($"/auth/api/v1/users/bot-a-service/tokens/{service.Key}");
        const string userinfo =
            """{"name":"A Service","email":"service@example.com","uid":1234,"gid":4567,"groups":[{"name":"some-group","id":12381},"""
                + """{"name":"a-group","id":0}]}""";
        server.LinesSince(lineCount, "Created new service token").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Created new service token","severity":"info","logger":"gafaelfawr",
             {{{server.OfBrowser(admin, "POST", "/tokens", """["admin:token","exec:admin"]""", (30 * 86400) - 1)}}},
             "token_key":"{{{service.Key}}}","token_username":"bot-a-service",
             "token_expires":"{{{expires.TruncateToSeconds().ToLogText()}}}",
             "token_scopes":["admin:token","read:all"],"token_userinfo":{{{userinfo}}}}
            """);

        // ADM-004: the token returns all these fields.
        (await server.GetAsync("/token-info", TestServer.Bearer(service))).ShouldBe(
            200,
            $$"""{"username":"bot-a-service","token_type":"service","scopes":["admin:token","read:all"],"created":{{server.Now}}"""
                + $$""","expires":{{expires.ToUnixTimeSeconds()}},"token":"{{service.Key}}"}""");
        (await server.GetAsync("/user-info", TestServer.Bearer(service))).ShouldBe(
            200,
            """{"username":"bot-a-service","name":"A Service","email":"service@example.com","uid":1234,"gid":4567"""
                + ""","groups":[{"name":"a-group","id":0},{"name":"some-group","id":12381}]}""");

        // ADM-009: the service creates a token for a user without user data.
        lineCount = server.CountLines();
        var request = new { username = "a-user", token_type = "user", token_name = "some token", scopes = (string[])["read:all"] };
        answer = await server.PostAsync("/tokens", request, TestServer.Bearer(service));
        var token = TokenOf(answer);
        answer.ShouldBe(201, $$"""{"token":"{{token.Reveal()}}"}""");
        answer.Header("Location").ShouldBe($"/auth/api/v1/users/a-user/tokens/{token.Key}");
        server.LinesSince(lineCount, "Created new user token as administrator").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Created new user token as administrator","severity":"info","logger":"gafaelfawr",
             "httpRequest":{"requestMethod":"POST",
             "requestUrl":"http://{{{server.Host.Url.Authority}}}/auth/api/v1/tokens","remoteIp":"127.0.0.1"},
             "token_source":"bearer","token":"{{{service.Key}}}","user":"bot-a-service",
             "scopes":["admin:token","read:all"],"lifetime_seconds":172799,
             "token_key":"{{{token.Key}}}","token_username":"a-user","token_expires":null,
             "token_name":"some token","token_scopes":["read:all"],"token_userinfo":{}}
            """);

        // ADM-010
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).ShouldBe(
            200,
            $$"""{"username":"a-user","token_type":"user","scopes":["read:all"],"created":{{server.Now}}"""
                + $$""","token":"{{token.Key}}","token_name":"some token"}""");
        (await server.GetAsync("/user-info", TestServer.Bearer(token))).ShouldBe(200, """{"username":"a-user","groups":[]}""");

        // ADM-011
        (await server.PostAsync("/tokens", request, TestServer.Bearer(service)))
            .ShouldBeError(409, "duplicate_token_name", "Token name some token already used", "body", "token_name");

        // The creator's token is not the parent: after its revocation the created token stays valid.
        (await server.DeleteAsync($"/users/bot-a-service/tokens/{service.Key}", admin.WriteHeaders)).ShouldBeNoContent();
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);
    }

    /// <summary>ADM-005 to ADM-008, ADM-012, MOD-002, and the rules for the owners of tokens.</summary>
    [Theory, EveryMode]
    public async Task Invalid_requests_of_administrators_are_rejected(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = await server.LogInAsync("sensible", "admin:token");
        Task<Answer> CreateAsync(object body) => server.PostAsync("/tokens", body, admin.WriteHeaders);

        foreach (var type in (string[])["session", "notebook", "internal", "oidc"])
            (await CreateAsync(new { username = "a-user", token_type = type, token_name = "x" })).ShouldBeInvalid(
                Error("value_error", "\"body\",\"token_type\"", "Value error, token_type must be service or user", $"\"{type}\"",
                    """{"error":{}}"""));
        (await CreateAsync(new { username = "a-user", token_type = "user" })).ShouldBeInvalid(
            Error("value_error", "\"body\",\"token_name\"", "Value error, Tokens of type user must have a name", "null",
                """{"error":{}}"""));
        (await CreateAsync(new { username = "a-user", token_type = "user", token_name = (string?)null })).ShouldBeInvalid(
            Error("value_error", "\"body\",\"token_name\"", "Value error, Tokens of type user must have a name", "null",
                """{"error":{}}"""));
        (await CreateAsync(new { username = "bot-user", token_type = "service", token_name = "x" })).ShouldBeInvalid(
            Error("value_error", "\"body\",\"token_name\"", "Value error, Tokens of type service cannot have a name", "\"x\"",
                """{"error":{}}"""));
        // With an unknown token type the name is not validated.
        (await CreateAsync(new { username = "a-user", token_type = "User" })).ShouldBeInvalid(Error(
            "enum", "\"body\",\"token_type\"", "Input should be 'session', 'user', 'notebook', 'internal', 'service' or 'oidc'", "\"User\"",
            """{"expected":"'session', 'user', 'notebook', 'internal', 'service' or 'oidc'"}"""));
        (await CreateAsync(new { username = "invalid(user)", token_type = "service" })).ShouldBeInvalid(Error(
            "string_pattern_mismatch", "\"body\",\"username\"", $"String should match pattern '{UsernamePattern}'", "\"invalid(user)\"",
            $$"""{"pattern":"{{UsernamePattern}}"}"""));

        (await CreateAsync(new { username = "bot-user", token_type = "service", scopes = (string[])["bogus:scope"] }))
            .ShouldBeScopeError("Unknown scopes requested");
        foreach (var username in (string[])["a-user", "bot", "robot-user", "bo-t-user", "bott-user"])
            (await CreateAsync(new { username, token_type = "service" }))
                .ShouldBeError(403, "permission_denied", $"Username \"{username}\" must start with \"bot-\"");

        // An administrator can grant scopes that they do not have. Null is the same as an absent field.
        var answer = await server.PostAsync(
            "/tokens",
            """{"username":"bot-1","token_type":"service","token_name":null,"scopes":["exec:admin"],"expires":null,"name":null"""
                + ""","email":null,"uid":null,"gid":null,"groups":null}""",
            admin.WriteHeaders);
        (await server.GetAsync("/user-info", TestServer.Bearer(TokenOf(answer)))).ShouldBe(200, """{"username":"bot-1","groups":[]}""");
    }

    private static Token TokenOf(Answer answer) => Token.Parse(answer.Json.GetProperty("token").GetString()!);
}
