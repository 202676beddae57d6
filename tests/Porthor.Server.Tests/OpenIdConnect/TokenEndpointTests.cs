using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The checks of the token endpoint and their order (contract/oidc-server.md 7.2, O10).</summary>
public sealed class TokenEndpointTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    private const string WellFormed = "gc-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";

    /// <summary>
    /// OID-012, OID-013, OID-014, OID-015, OID-016, OID-017. Each request has the error of its row and of all later rows, so that the order
    /// is checked too.
    /// </summary>
    [Theory]
    [InlineData("", "invalid_request", "Invalid token request", "Invalid request", null)]
    [InlineData("grant_type=bogus&client_id=x&code=y", "invalid_request", "Invalid token request", "Invalid request", null)]
    [InlineData("grant_type=bogus&client_id=&code=y&redirect_uri=z", "invalid_request", "Invalid token request", "Invalid request", null)]
    [InlineData("GRANT_TYPE=bogus&client_id=x&code=y&redirect_uri=z", "invalid_request", "Invalid token request", "Invalid request", null)]
    [InlineData(
        "grant_type=bogus&client_id=other-client&code=nonsense&redirect_uri=z", "unsupported_grant_type", "Invalid grant type bogus",
        "Unsupported grant type", null)]
    [InlineData(
        "grant_type=authorization_code&client_id=other-client&code=nonsense&redirect_uri=z", "invalid_grant", "Invalid authorization code",
        "Invalid authorization code", "Token does not start with gc-")]
    [InlineData(
        "grant_type=authorization_code&client_id=other-client&code=gc-nonsense&redirect_uri=z", "invalid_grant",
        "Invalid authorization code", "Invalid authorization code", "Code is malformed")]
    [InlineData(
        "grant_type=authorization_code&client_id=other-client&code=gc-short.DvTHDkU1ODVxd1rMNly0Cw&redirect_uri=z", "invalid_grant",
        "Invalid authorization code", "Invalid authorization code", "Code is malformed")]
    [InlineData(
        $"grant_type=authorization_code&client_id=other-client&code={WellFormed}&redirect_uri=z", "invalid_client",
        "No client_secret provided", "Unauthorized client", null)]
    [InlineData(
        "grant_type=authorization_code&client_id=other-client&code=gc-**********************.::::::::::::::::::::::&redirect_uri=z",
        "invalid_client", "No client_secret provided", "Unauthorized client", null)]
    [InlineData(
        $"grant_type=authorization_code&client_id=other-client&client_secret=s&code={WellFormed}&redirect_uri=z", "invalid_client",
        "Unknown client ID other-client", "Unauthorized client", null)]
    public async Task Each_row_has_its_error(string form, string error, string description, string text, string? reason)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var lines = server.CountLines();
        var answer = await server.SendAsync(HttpMethod.Post, TokenPath, Form(form));
        answer.ShouldBeOAuthError(error, description);
        answer.Headers.Keys.ShouldNotContain("Cache-Control");
        var line = server.LinesSince(lines, text).Single();
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("error").GetString().ShouldBe(reason ?? description);
        if (form.Contains("client_id=other-client", StringComparison.Ordinal))
            line.GetProperty("oidc_client").GetString().ShouldBe("other-client");
    }

    /// <summary>
    /// OID-016, OID-017, OID-018, OID-019: the rows that need a client and a code. A refused request does not use up the code, and reveals
    /// nothing about it.
    /// </summary>
    [Theory, EveryMode]
    public async Task A_refused_redemption_does_not_use_up_the_code(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var other = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client, ("redirect_uri", client.ReturnUri + "?a=b"));
        var key = code[3..25];
        var right = client.ReturnUri + "?a=b";

        await RefusedAsync("invalid_client", $"Invalid secret for {client.Id}", null, ("client_secret", "wrong"));
        await RefusedAsync("invalid_client", $"Invalid secret for {client.Id}", null, ("client_secret", other.Secret));
        await RefusedAsync("invalid_client", $"Invalid secret for {client.Id}", null, ("client_secret", client.Secret + "x"));
        // Bcrypt would ignore what follows the 72nd byte; the reference answers 500.
        await RefusedAsync("invalid_client", $"Invalid secret for {client.Id}", null, ("client_secret", client.Secret.PadRight(100, 'x')));
        await RefusedAsync("invalid_client", $"Invalid secret for {client.Id}", null, ("client_secret", client.Secret + "\0"));
        await RefusedAsync(
            "invalid_grant", null, $"Invalid return URI for {client.Id}: https://foo.example.net/",
            ("redirect_uri", "https://foo.example.net/"));
        await RefusedAsync("invalid_grant", null, "Unknown authorization code aj792KhFp_aHRBajMaGVPQ", ("code", WellFormed));
        await RefusedAsync(
            "invalid_grant", null, $"Invalid authorization code {key}", ("code", $"gc-{key}.DvTHDkU1ODVxd1rMNly0Cw"));
        var foreign = new string(':', 22);
        await RefusedAsync("invalid_grant", null, $"Unknown authorization code {foreign}", ("code", $"gc-{foreign}.{code[26..]}"));
        await RefusedAsync(
            "invalid_grant", null, $"Authorization client ID mismatch for {key}: {client.Id} != {other.Id}", ("client_id", other.Id),
            ("client_secret", other.Secret));
        await RefusedAsync(
            "invalid_grant", null, $"Authorization redirect URI mismatch for {key}: {right} != {client.ReturnUri}",
            ("redirect_uri", client.ReturnUri));
        (await server.RedeemAsync(FormOf(client, code, ("redirect_uri", right)))).StatusCode.ShouldBe(200);

        async Task RefusedAsync(string error, string? description, string? reason, params (string Name, string? Value)[] changes)
        {
            var lines = server.CountLines();
            var answer = await server.RedeemAsync(FormOf(client, code, [("redirect_uri", right), .. changes]));
            answer.ShouldBeOAuthError(error, description ?? "Invalid authorization code");
            var text = error == "invalid_client" ? "Unauthorized client" : "Invalid authorization code";
            server.LinesSince(lines, text).Single().GetProperty("error").GetString().ShouldBe(reason ?? description);
        }
    }

    /// <summary>Two faults at once, which show the order of the checks.</summary>
    [Fact]
    public async Task The_first_of_two_faults_is_reported()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var other = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var code = await server.CodeAsync(browser, client, ("redirect_uri", client.ReturnUri + "?a=b"));
        var (key, wrongSecret) = (code[3..25], $"gc-{code[3..25]}.DvTHDkU1ODVxd1rMNly0Cw");
        await RefusedAsync(
            "invalid_client", $"Invalid secret for {client.Id}", ("client_secret", "wrong"), ("redirect_uri", "https://foo.example.net/"));
        await RefusedAsync(
            "invalid_grant", $"Invalid return URI for {client.Id}: https://foo.example.net/", ("redirect_uri", "https://foo.example.net/"),
            ("code", WellFormed));
        (string, string?)[] foreign = [("client_id", other.Id), ("client_secret", other.Secret)];
        await RefusedAsync("invalid_grant", $"Invalid authorization code {key}", [("code", wrongSecret), .. foreign]);
        await RefusedAsync(
            "invalid_grant", $"Authorization client ID mismatch for {key}: {client.Id} != {other.Id}",
            [("redirect_uri", client.ReturnUri + "?c=d"), .. foreign]);
        (await server.DeleteAsync($"/users/ann/tokens/{browser.Key}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        await RefusedAsync("invalid_grant", $"Invalid authorization code {key}", ("code", wrongSecret));
        await RefusedAsync("invalid_grant", "Underlying authentication token has expired", foreign);

        async Task RefusedAsync(string error, string reason, params (string Name, string? Value)[] changes)
        {
            var lines = server.CountLines();
            var answer = await server.RedeemAsync(FormOf(client, code, changes));
            answer.ShouldBeOAuthError(error, error == "invalid_client" ? reason : "Invalid authorization code");
            server.LinesSince(lines, error == "invalid_client" ? "Unauthorized client" : "Invalid authorization code").Single()
                .GetProperty("error").GetString().ShouldBe(reason);
        }
    }

    /// <summary>A client chooses these values. Neither the response nor the log grows with them.</summary>
    [Theory]
    [InlineData("grant_type", "%253A%252F%252F", 4300, "unsupported_grant_type")]
    [InlineData("client_id", "x", 60000, "invalid_client")]
    [InlineData("client_id", "%F0%9F%98%80", 5000, "invalid_client")]
    public async Task Long_values_are_cut(string field, string piece, int count, string error)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var lines = server.Host.Logs.Raw.Count;
        var values = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = "x",
            ["client_secret"] = "s",
            ["code"] = WellFormed,
            ["redirect_uri"] = "z",
            [field] = string.Concat(Enumerable.Repeat(piece, count)) + "gt-",
        };
        var answer = await server.SendAsync(
            HttpMethod.Post, TokenPath, Form(string.Join('&', values.Select(pair => $"{pair.Key}={pair.Value}"))));
        answer.StatusCode.ShouldBe(400);
        answer.Json.GetProperty("error").GetString().ShouldBe(error);
        var description = answer.Json.GetProperty("error_description").GetString()!;
        description.Length.ShouldBeInRange(900, 1003);
        description.ShouldNotContain('\uFFFD');
        server.Host.Logs.Raw.Skip(lines).ShouldAllBe(line => line.Length < 30_000);
        server.Host.Logs.Lines.Last(line => line.TryGetProperty("error", out _)).GetProperty("error").GetString()!.Length
            .ShouldBeLessThan(2100);
    }

    /// <summary>OID-018, OID-030: without the session, or if only the token index has lost it, there are no tokens.</summary>
    [Theory, EveryMode]
    public async Task Without_its_session_a_code_gives_no_tokens(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var code = await server.CodeAsync(browser, client);
        (await server.DeleteAsync($"/users/ann/tokens/{browser.Key}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        var lines = server.CountLines();
        (await server.RedeemAsync(FormOf(client, code))).ShouldBeOAuthError("invalid_grant", "Invalid authorization code");
        server.LinesSince(lines, "Invalid authorization code").Single().GetProperty("error").GetString()
            .ShouldBe("Underlying authentication token has expired");

        browser = await server.AnnAsync();
        await server.DeleteRowAsync(browser.Key);
        code = await server.CodeAsync(browser, client);
        lines = server.CountLines();
        (await server.RedeemAsync(FormOf(client, code))).ShouldBeOAuthError("invalid_token", "Integrity error creating OIDC token");
        server.LinesSince(lines, "Invalid token").Single().GetProperty("error").GetString().ShouldBe("Integrity error creating OIDC token");
        (await server.Host.Tokens.GetTokenInfoUncheckedAsync(browser.Key)).ShouldBeNull();
    }

    /// <summary>OID-033. In cluster mode, Redis removes codes by its own clock (<see cref="StoredCodeTests"/>).</summary>
    [Theory]
    [InlineData(3599, 200)]
    [InlineData(3600, 400)]
    public async Task A_code_expires_after_an_hour(int seconds, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        server.Clock.Advance(TimeSpan.FromSeconds(seconds));
        (await server.RedeemAsync(FormOf(client, code))).StatusCode.ShouldBe(status);
    }

    /// <summary>An attack: guesses of a client secret. The application of the client can still log users in.</summary>
    [Fact]
    public async Task Guesses_of_a_client_secret_are_limited()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        for (var i = 0; i < 10; i++)
        {
            (await server.RedeemAsync(FormOf(client, WellFormed, ("client_secret", $"guess{i}"))))
                .ShouldBeOAuthError("invalid_client", $"Invalid secret for {client.Id}");
        }
        var refused = await server.RedeemAsync(FormOf(client, WellFormed));
        refused.ShouldBeOAuthError("invalid_client", $"Too many wrong secrets for {client.Id}", status: 429);
        refused.Header("Retry-After").ShouldBe("30");
        (await server.RedeemAsync(FormOf(client, code))).StatusCode.ShouldBe(200);
    }

    /// <summary>A deleted client cannot redeem its codes.</summary>
    [Fact]
    public async Task A_deleted_client_cannot_redeem_a_code()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        (await server.DeleteAsync($"/oidc-clients/{client.Id}", server.Bootstrap)).StatusCode.ShouldBe(204);
        (await server.RedeemAsync(FormOf(client, code))).ShouldBeOAuthError("invalid_client", $"Unknown client ID {client.Id}");
    }

    /// <summary>Basic credentials replace those of the form, are not decoded, and an invalid header is not an error of OAuth.</summary>
    [Fact]
    public async Task Basic_takes_precedence_over_the_form()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        var form = FormOf(client, code);
        (await server.RedeemAsync(form, TestServer.Basic("other", client.Secret)))
            .ShouldBeOAuthError("invalid_client", "Unknown client ID other");
        (await server.RedeemAsync(form, TestServer.Basic(client.Id, "wrong:secret")))
            .ShouldBeOAuthError("invalid_client", $"Invalid secret for {client.Id}");
        (await server.RedeemAsync(form, TestServer.Basic(client.Id, ""))).ShouldBeOAuthError("invalid_client", "No client_secret provided");
        (await server.RedeemAsync(form, TestServer.Basic("", client.Secret)))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.RedeemAsync(form, TestServer.Basic(Uri.EscapeDataString(client.Id + "/"), client.Secret)))
            .ShouldBeOAuthError("invalid_client", $"Unknown client ID {client.Id}%2F");
        foreach (var header in (string[])["Basic", "Basic !!!", "basic bm9jb2xvbg==", "Basic w6k6w6k="])
        {
            var answer = await server.RedeemAsync(form, ("Authorization", header));
            answer.ShouldBe(401, """{"detail":"Not authenticated"}""");
            answer.Header("WWW-Authenticate").ShouldBe("Basic");
        }
        // Another scheme is not looked at.
        (await server.RedeemAsync(form, ("Authorization", "Bearer something-else-entirely"))).StatusCode.ShouldBe(200);
    }

    /// <summary>A body of another type has no fields, and the last of several equal fields counts.</summary>
    [Fact]
    public async Task Only_a_form_is_read()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        var form = FormOf(client, code);
        (await server.SendAsync(HttpMethod.Post, TokenPath, form.ToDictionary(pair => pair.Name, pair => pair.Value)))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.SendAsync(HttpMethod.Post, TokenPath)).ShouldBeOAuthError("invalid_request", "Invalid token request");
        // The query is not read: codes and secrets do not belong into URLs.
        var query = string.Join('&', form.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
        (await server.SendAsync(HttpMethod.Post, $"{TokenPath}?{query}", Form("")))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.SendAsync(HttpMethod.Get, $"{TokenPath}?{query}")).StatusCode.ShouldBe(405);
        (await server.SendAsync(HttpMethod.Post, TokenPath, Form(string.Join('&', Enumerable.Range(0, 2000).Select(i => $"f{i}=1")))))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.RedeemAsync([("code", "gc-first"), ("client_secret", "first"), .. form])).StatusCode.ShouldBe(200);
        string.Concat(server.Host.Logs.Raw).ShouldNotContain(code[26..]);
    }

    /// <summary>Parameters of the content type do not matter.</summary>
    [Theory]
    [InlineData("application/x-www-form-urlencoded;", 200)]
    [InlineData(" Application/X-WWW-form-urlencoded ; charset=latin1; =", 200)]
    [InlineData("application/x-www-form-urlencoded2", 400)]
    [InlineData("text/plain;application/x-www-form-urlencoded", 400)]
    [InlineData(";", 400)]
    public async Task The_content_type_is_read_as_the_reference_reads_it(string type, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var form = FormOf(client, await server.CodeAsync(await server.AnnAsync(), client));
        using var content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(
            string.Join('&', form.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"))));
        content.Headers.TryAddWithoutValidation("Content-Type", type).ShouldBeTrue();
        (await server.SendAsync(HttpMethod.Post, TokenPath, content)).StatusCode.ShouldBe(status);
    }

    private static StringContent Form(string text) => new(text, System.Text.Encoding.ASCII, "application/x-www-form-urlencoded");
}
