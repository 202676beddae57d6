using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>
/// The checks of authorization requests and their order (contract/oidc-server.md 5), and requests that try to send a code to another
/// address.
/// </summary>
public sealed partial class AuthorizationEndpointTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    /// <summary>OID-007. Authentication comes before all parameters; a token in a header is not a session.</summary>
    [Theory]
    [InlineData(
        "?response_type=code&scope=openid%20profile&client_id=any&state=s%2Bt&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3Fa%3Db",
        false)]
    [InlineData("", false)]
    [InlineData("?client_id=x", true)]
    public async Task Without_a_session_the_browser_is_redirected_to_the_login(string query, bool hasHeader)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var token = (await server.AnnAsync()).Session;
        var lines = server.CountLines();
        var answer = await server.SendAsync(
            HttpMethod.Get, LoginPath + query, json: null, hasHeader ? [TestServer.Bearer(token)] : []);
        answer.ShouldBe(307, """{"detail":"Temporary Redirect"}""");
        var asked = $"http://{server.Host.Url.Authority}/auth/openid/login{query}";
        answer.Header("Location").ShouldBe($"/login?rd={Uri.EscapeDataString(asked)}");
        server.LinesSince(lines, "Redirecting user for authentication").Single().GetProperty("severity").GetString().ShouldBe("info");
    }

    [Fact]
    public async Task A_revoked_session_is_no_session()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        (await server.DeleteAsync($"/users/ann/tokens/{browser.Key}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        (await server.AuthorizeAsync(browser, RequestOf(client))).Header("Location")!.ShouldStartWith("/login?rd=");
        var unknown = server.Host.Cookie(new SessionState { Token = Token.Create() });
        (await server.SendAsync(HttpMethod.Get, LoginPath, json: null, unknown)).StatusCode.ShouldBe(307);
    }

    /// <summary>OID-008</summary>
    [Theory]
    [InlineData("", "client_id,redirect_uri")]
    [InlineData("client_id=x", "redirect_uri")]
    [InlineData("redirect_uri=https://app.example.com/callback&response_type=code", "client_id")]
    [InlineData("CLIENT_ID=x&Redirect_uri=y", "client_id,redirect_uri")]
    public async Task Required_parameters_that_are_missing_give_422(string query, string missing)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.AnnAsync();
        var answer = await server.SendAsync(HttpMethod.Get, $"{LoginPath}?{query}", json: null, browser.Cookie);
        answer.ShouldBeInvalid(
            [.. missing.Split(',').Select(name => AnswerAssertions.Error("missing", $"\"query\",\"{name}\"", "Field required", "null"))]);
    }

    /// <summary>OID-009, OID-032. The answer is JSON for browsers too, and never a redirect.</summary>
    [Theory]
    [InlineData("bad-client")]
    [InlineData("")]
    [InlineData("<script>alert(1)</script>\"")]
    [InlineData("nul\0id")]
    public async Task An_unknown_client_gives_403(string id)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.AnnAsync();
        var lines = server.CountLines();
        var answer = await server.SendAsync(
            HttpMethod.Get, $"{LoginPath}?client_id={Uri.EscapeDataString(id)}&redirect_uri={App}", json: null, browser.Cookie,
            ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(403, answer.Body);
        answer.Header("Content-Type").ShouldBe("application/json");
        answer.Header("X-Content-Type-Options").ShouldBe("nosniff");
        answer.Header("Location").ShouldBeNull();
        (answer.DetailType, answer.DetailMessage, answer.DetailLocation).ShouldBe(
            ("invalid_client", $"Unknown client ID {id} in OpenID Connect request", "query.client_id"));
        var line = server.LinesSince(lines, "Invalid request").Single();
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("error").GetString().ShouldBe(answer.DetailMessage);
        line.GetProperty("oidc_client").GetString().ShouldBe(id);
        line.GetProperty("return_uri").GetString().ShouldBe(App);
        line.GetProperty("user").GetString().ShouldBe("ann");
        line.GetProperty("token_source").GetString().ShouldBe("cookie");
    }

    /// <summary>OID-010. No other address than the registered one gets a code or an error.</summary>
    [Theory]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com/callback/")]
    [InlineData("https://app.example.com/callback/../other")]
    [InlineData("https://app.example.com/Callback")]
    [InlineData("https://app.example.com/%63allback")]
    [InlineData("https://app.example.com/callback;a=b")]
    [InlineData("https://app.example.com:443/callback")]
    [InlineData("https://App.example.com/callback")]
    [InlineData("https://user@app.example.com/callback")]
    [InlineData("https://app.example.com@evil.example/callback")]
    [InlineData("https://app.example.com.evil.example/callback")]
    [InlineData("https://evil.example\\@app.example.com/callback")]
    [InlineData("https://evil.example/callback?https://app.example.com/callback")]
    [InlineData("https://evil.example#@app.example.com/callback")]
    [InlineData("http://app.example.com/callback")]
    [InlineData("javascript:alert(1)//app.example.com/callback")]
    [InlineData("//app.example.com/callback")]
    [InlineData("/callback")]
    [InlineData("https:/callback")]
    [InlineData("https:callback")]
    [InlineData("https://[::1/callback")]
    [InlineData("nonsense")]
    [InlineData("")]
    public async Task Another_return_address_gives_403(string address)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        // Errors that are reported to the client must not be reported to another address either.
        foreach (var responseType in (string[])["code", "bogus"])
        {
            var answer = await server.AuthorizeAsync(
                browser, RequestOf(client, ("redirect_uri", address), ("response_type", responseType)));
            answer.ShouldBeError(
                403, "return_uri_mismatch", $"Invalid return URI for client {client.Id} in OpenID Connect request: {address}", "query",
                "return_uri");
            answer.Header("Location").ShouldBeNull();
        }
    }

    /// <summary>OID-011, in the order of the checks. The state is returned before the error.</summary>
    [Theory]
    [InlineData(null, null, "Missing response_type parameter")]
    [InlineData("", "openid", "Missing response_type parameter")]
    [InlineData("bogus", null, "code is the only supported response_type")]
    [InlineData("code id_token", "openid", "code is the only supported response_type")]
    [InlineData("Code", "openid", "code is the only supported response_type")]
    [InlineData("code", null, "Missing scope parameter")]
    [InlineData("code", "", "Missing scope parameter")]
    [InlineData("code", " ", "Only OpenID Connect supported (openid not in scope)")]
    [InlineData("code", "user:email", "Only OpenID Connect supported (openid not in scope)")]
    [InlineData("code", "profile OpenID", "Only OpenID Connect supported (openid not in scope)")]
    public async Task An_invalid_request_is_reported_to_the_client(string? responseType, string? scope, string description)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        foreach (var state in (string?[])[null, "a state", ""])
        {
            List<(string, string)> parameters = [("client_id", client.Id), ("redirect_uri", client.ReturnUri + "?own=1")];
            foreach (var (name, value) in new[] { ("response_type", responseType), ("scope", scope), ("state", state) })
            {
                if (value is not null)
                    parameters.Add((name, value));
            }
            var lines = server.CountLines();
            var answer = await server.AuthorizeAsync(browser, [.. parameters]);
            answer.StatusCode.ShouldBe(307, answer.Body);
            answer.Body.ShouldBeEmpty();
            answer.Header("Location")!.ShouldStartWith(client.ReturnUri + "?own=1&");
            (string, string)[] returned = state is null ? [] : [("state", state)];
            QueryOf(answer).ShouldBe(
                [("own", "1"), .. returned, ("error", "invalid_request"), ("error_description", description)]);
            var line = server.LinesSince(lines, "Invalid request").Single();
            line.GetProperty("error").GetString().ShouldBe(description);
            line.GetProperty("return_uri").GetString().ShouldBe(client.ReturnUri + "?own=1");
        }
    }

    /// <summary>Section 5.3: the query of the redirect URI is kept, also empty values and repeated names, and so is a fragment.</summary>
    [Theory]
    [InlineData("?a=&b&a=1&c=x+y%20z", "?a=&b=&a=1&c=x+y+z&state=s&code=", "")]
    [InlineData("?a=%C3%A9%26#frag", "?a=%C3%A9%26&state=s&code=", "#frag")]
    [InlineData("?code=forged&state=forged", "?code=forged&state=forged&state=s&code=", "")]
    [InlineData("?x=%0d%0aSet-Cookie:%20a=b", "?x=%0D%0ASet-Cookie%3A+a%3Db&state=s&code=", "")]
    public async Task The_query_of_the_return_address_is_kept(string own, string begin, string end)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var answer = await server.AuthorizeAsync(
            await server.AnnAsync(), RequestOf(client, ("state", "s"), ("redirect_uri", client.ReturnUri + own)));
        var location = answer.Header("Location")!;
        location.ShouldStartWith(client.ReturnUri + begin + "gc-");
        location.ShouldEndWith(end);
        answer.Headers.Keys.ShouldNotContain("Set-Cookie");
    }

    /// <summary>
    /// The last of several equal parameters counts, as in the reference; parameters that the contract does not name are ignored.
    /// </summary>
    [Fact]
    public async Task Duplicate_and_unknown_parameters_do_not_change_the_checks()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var answer = await server.AuthorizeAsync(
            browser,
            RequestOf(
                client, ("prompt", "none"), ("max_age", "0"), ("response_mode", "form_post"), ("request", "x"), ("code_challenge", "y"),
                ("claims", "{"), ("scope", "openid email email"), ("state", "1"), ("state", "2")));
        QueryOf(answer).Select(pair => pair.Name).ShouldBe(["state", "code"]);
        QueryOf(answer)[0].Value.ShouldBe("2");
        answer = await server.RedeemAsync(FormOf(client, QueryOf(answer)[1].Value));
        answer.Json.GetProperty("scope").GetString().ShouldBe("email email openid");
        (await server.AuthorizeAsync(browser, RequestOf(client, ("redirect_uri", "https://evil.example/")))).StatusCode.ShouldBe(403);
    }

    /// <summary>A safe method issues no code, and other methods are not supported.</summary>
    [Fact]
    public async Task Only_GET_issues_a_code()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var query = string.Join('&', RequestOf(client, ("state", "s")).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
        var answer = await server.SendAsync(HttpMethod.Head, $"{LoginPath}?{query}", json: null, browser.Cookie);
        answer.StatusCode.ShouldBe(307);
        QueryOf(answer).ShouldBe([("state", "s")]);
        answer = await server.SendAsync(HttpMethod.Post, $"{LoginPath}?{query}", json: null, browser.Cookie);
        answer.ShouldBe(405, """{"detail":"Method Not Allowed"}""");
    }
}
