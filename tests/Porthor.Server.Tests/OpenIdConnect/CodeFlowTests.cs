using System.Globalization;
using System.Text.Json;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The complete authorization code flow (contract/oidc-server.md 11, O1 to O5, O12, O14, O16).</summary>
public sealed class CodeFlowTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    private const string Target = "https://app.example.com:4444/foo?a=bar&b=baz";

    /// <summary>OID-001, OID-002, OID-003, OID-004, OID-005, OID-006</summary>
    [Theory, EveryMode]
    public async Task A_code_is_redeemed_for_an_access_token_and_an_id_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync("https://app.example.com:4444/foo");
        var browser = await server.AnnAsync();
        var expires = server.Now + (long)TimeSpan.FromDays(30).TotalSeconds;
        var lines = server.CountLines();

        var answer = await server.AuthorizeAsync(
            browser, RequestOf(client, ("scope", " openid   unknown profile foo  "), ("state", "random-state"), ("redirect_uri", Target)));
        answer.StatusCode.ShouldBe(307, answer.Body);
        answer.Body.ShouldBeEmpty();
        answer.Header("Location")!.ShouldStartWith("https://app.example.com:4444/foo?a=bar&b=baz&state=random-state&code=gc-");
        var code = QueryOf(answer)[^1].Value;
        code.Length.ShouldBe(48);
        code[25].ShouldBe('.');
        var codeKey = code[3..25];

        answer = await server.RedeemAsync(FormOf(client, code, ("redirect_uri", Target)));
        answer.StatusCode.ShouldBe(200, answer.Body);
        answer.Header("Cache-Control").ShouldBe("no-store");
        answer.Header("Pragma").ShouldBe("no-cache");
        answer.Header("Content-Type").ShouldBe("application/json");
        answer.Json.EnumerateObject().Select(member => member.Name)
            .ShouldBe(["access_token", "id_token", "expires_in", "scope", "token_type"]);
        answer.Json.GetProperty("token_type").GetString().ShouldBe("Bearer");
        answer.Json.GetProperty("scope").GetString().ShouldBe("openid profile");
        answer.Json.GetProperty("expires_in").GetInt64().ShouldBeInRange(expires - server.Now - 2, expires - server.Now);
        var access = Token.Parse(answer.Json.GetProperty("access_token").GetString()!);

        var (header, claims) = Verified(answer.Json.GetProperty("id_token").GetString()!);
        header.GetRawText().ShouldBe("""{"alg":"RS256","kid":"some-kid","typ":"JWT"}""");
        var issued = claims.GetProperty("iat").GetInt64();
        issued.ShouldBeInRange(server.Now - 2, server.Now);
        claims.GetRawText().ShouldBe(
            $$"""{"aud":"{{client.Id}}","iat":{{issued}},"iss":"https://example.com/","exp":{{expires}},"jti":"{{codeKey}}","""
            + """
            "scope":"openid profile","name":"Ann Example","preferred_username":"ann","sub":"ann"}
            """);

        // The access token is a child of the session, without scopes.
        (await server.UserInfoAsync(TestServer.Bearer(access))).ShouldBe(
            200, """{"data_rights":"dp0.2 dp0.3","email":"ann@example.com","name":"Ann Example","preferred_username":"ann","sub":"ann"}""");
        var info = (await server.GetAsync("/token-info", TestServer.Bearer(access))).Json;
        info.GetProperty("token").GetString().ShouldBe(access.Key.Value);
        info.GetProperty("token_type").GetString().ShouldBe("oidc");
        info.GetProperty("scopes").GetArrayLength().ShouldBe(0);
        info.GetProperty("expires").GetInt64().ShouldBe(expires);
        info.GetProperty("parent").GetString().ShouldBe(browser.Key.Value);
        var history = (await server.GetAsync($"/users/ann/token-change-history?token_type=oidc&key={access.Key}", browser.Cookie)).Json;
        history.GetRawText().ShouldBe(
            $$"""[{"token":"{{access.Key}}","username":"ann","token_type":"oidc","scopes":[],"expires":{{expires}},"""
            + $$"""
            "actor":"ann","action":"create","ip_address":"127.0.0.1","event_time":{{issued}}}]
            """);

        ShouldBeLogged(server, lines, browser, client, codeKey, access, expires);
        string.Concat(server.Host.Logs.Raw).ShouldNotContain(code[26..]);
        string.Concat(server.Host.Logs.Raw).ShouldNotContain(client.Secret);
    }

    /// <summary>OID-021, OID-022: a code can be used once, and a revoked session makes its access token invalid.</summary>
    [Theory, EveryMode]
    public async Task A_code_works_once_and_its_token_ends_with_the_session(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var code = await server.CodeAsync(browser, client);
        var answer = await server.RedeemAsync(FormOf(client, code));
        answer.StatusCode.ShouldBe(200, answer.Body);
        var access = Token.Parse(answer.Json.GetProperty("access_token").GetString()!);

        var lines = server.CountLines();
        (await server.RedeemAsync(FormOf(client, code))).ShouldBeOAuthError("invalid_grant", "Invalid authorization code");
        server.LinesSince(lines, "Invalid authorization code").Single().GetProperty("error").GetString()
            .ShouldBe($"Unknown authorization code {code[3..25]}");
        (await server.UserInfoAsync(TestServer.Bearer(access))).StatusCode.ShouldBe(200);

        (await server.DeleteAsync($"/users/ann/tokens/{browser.Key}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        (await server.UserInfoAsync(TestServer.Bearer(access))).StatusCode.ShouldBe(401);
    }

    /// <summary>Deviation 26: a logout ends the session with its access tokens, and its codes cannot be redeemed.</summary>
    [Fact]
    public async Task A_logout_ends_access_tokens_and_codes()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var answer = await server.RedeemAsync(FormOf(client, await server.CodeAsync(browser, client)));
        var access = Token.Parse(answer.Json.GetProperty("access_token").GetString()!);
        var unused = await server.CodeAsync(browser, client);
        (await server.SendAsync(HttpMethod.Get, "/logout", json: null, browser.Cookie)).StatusCode.ShouldBe(307);
        (await server.UserInfoAsync(TestServer.Bearer(access))).StatusCode.ShouldBe(401);
        (await server.RedeemAsync(FormOf(client, unused))).ShouldBeOAuthError("invalid_grant", "Invalid authorization code");
    }

    /// <summary>OID-027, OID-029</summary>
    [Theory]
    [InlineData(null, false)]
    [InlineData("5Ndm2AFSZ6dN6Gt-Iu6lng", true)]
    [InlineData("", true)]
    public async Task A_nonce_is_repeated_and_Basic_works_like_the_form(string? nonce, bool useBasic)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client, nonce is null ? [] : [("nonce", nonce)]);
        var answer = useBasic
            ? await server.RedeemAsync(
                FormOf(client, code, ("client_id", null), ("client_secret", null)), TestServer.Basic(client.Id, client.Secret))
            : await server.RedeemAsync(FormOf(client, code));
        answer.StatusCode.ShouldBe(200, answer.Body);
        var claims = Verified(answer.Json.GetProperty("id_token").GetString()!).Claims;
        string[] repeated = nonce is null ? [] : ["nonce"];
        claims.EnumerateObject().Select(claim => claim.Name).ShouldBe(["aud", "iat", "iss", "exp", "jti", .. repeated, "scope", "sub"]);
        if (nonce is not null)
            claims.GetProperty("nonce").GetString().ShouldBe(nonce);
    }

    /// <summary>OID-028</summary>
    [Theory]
    [InlineData("foo", "dp0.2 dp0.3")]
    [InlineData("admin", "dp0.1")]
    [InlineData("foo,admin", "dp0.1 dp0.2 dp0.3")]
    [InlineData("org-a-team", null)]
    public async Task Data_rights_come_from_the_groups(string groups, string? rights)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var user = Ann with { Groups = [.. groups.Split(',').Select((name, i) => new Identity.Group(name, 6000 + i))] };
        var code = await server.CodeAsync(await server.AnnAsync(user), client, ("scope", "rubin openid"));
        var answer = await server.RedeemAsync(FormOf(client, code));
        answer.Json.GetProperty("scope").GetString().ShouldBe("openid rubin");
        var access = Token.Parse(answer.Json.GetProperty("access_token").GetString()!);
        var idToken = Verified(answer.Json.GetProperty("id_token").GetString()!).Claims;
        foreach (var claims in new[] { idToken, (await server.UserInfoAsync(TestServer.Bearer(access))).Json })
        {
            if (rights is null)
                claims.TryGetProperty("data_rights", out _).ShouldBeFalse();
            else
                claims.GetProperty("data_rights").GetString().ShouldBe(rights);
        }
    }

    /// <summary>A session without an expiration gives tokens with the default lifetime.</summary>
    [Fact]
    public async Task A_session_that_never_expires_gives_tokens_with_the_default_lifetime()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var answer = await server.PostAsync(
            "/tokens", new { username = "bot-never", token_type = "service", scopes = Array.Empty<string>() }, server.Bootstrap);
        var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
        var cookie = server.Host.Cookie(new SessionState { Token = token });
        var code = await server.CodeAsync(new Browser("bot-never", token, cookie, cookie), client);
        answer = await server.RedeemAsync(FormOf(client, code));
        var claims = Verified(answer.Json.GetProperty("id_token").GetString()!).Claims;
        (claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64()).ShouldBe((long)TimeSpan.FromDays(30).TotalSeconds);
    }

    private static void ShouldBeLogged(
        ApiServer server, int since, Browser browser, RegisteredClient client, string codeKey, Token access, long expires)
    {
        var lifetime = expires - server.Now;
        var address = server.Host.Url.Authority;
        var returned = server.LinesSince(since, "Returned OpenID Connect authorization code").Single();
        returned.GetProperty("httpRequest").GetProperty("requestMethod").GetString().ShouldBe("GET");
        returned.GetProperty("severity").GetString().ShouldBe("info");
        returned.GetProperty("oidc_client").GetString().ShouldBe(client.Id);
        returned.GetProperty("return_uri").GetString().ShouldBe(Target);
        returned.GetProperty("token").GetString().ShouldBe(browser.Key.Value);
        returned.GetProperty("token_source").GetString().ShouldBe("cookie");
        returned.GetProperty("user").GetString().ShouldBe("ann");
        returned.GetProperty("scopes").GetRawText().ShouldBe("[\"user:token\"]");
        returned.GetProperty("lifetime_seconds").GetInt64().ShouldBeInRange(lifetime - 2, lifetime);
        var request = $$"""
            "httpRequest":{"requestMethod":"POST","requestUrl":"http://{{address}}/auth/openid/token","remoteIp":"127.0.0.1"},
            "oidc_client":"{{client.Id}}"
            """;
        var expiresText = DateTimeOffset.FromUnixTimeSeconds(expires).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        const string user = """
            {"name":"Ann Example","email":"ann@example.com","uid":4001,"gid":4002,
             "groups":[{"name":"foo","id":5001},{"name":"users","id":5002}]}
            """;
        ShouldBeLine(
            server.LinesSince(since, "Created new OpenID Connect token").Single(),
            $$"""
            {"event":"Created new OpenID Connect token","severity":"info",{{request}},"token_key":"{{access.Key}}",
             "token_expires":"{{expiresText}}","token_scopes":[],"token_userinfo":{{user}} }
            """);
        ShouldBeLine(
            server.LinesSince(since, "Retrieved token for user ann via OpenID Connect").Single(),
            $$"""
            {"event":"Retrieved token for user ann via OpenID Connect","severity":"info",{{request}},"user":"ann","token":"{{codeKey}}"}
            """);
    }

    private static void ShouldBeLine(JsonElement line, string expected) =>
        Line(line).ShouldBe(Line(JsonDocument.Parse(expected).RootElement));

    /// <summary>Returns the fields of a log line, sorted, without the time and the request ID.</summary>
    private static IEnumerable<string> Line(JsonElement line) => line.EnumerateObject()
        .Where(field => field.Name is not ("timestamp" or "request_id" or "logger"))
        .Select(field => $"{field.Name}={JsonSerializer.Serialize(field.Value)}").Order(StringComparer.Ordinal);
}
