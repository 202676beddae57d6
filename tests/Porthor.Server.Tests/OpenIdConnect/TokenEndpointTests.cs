using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The checks of the token endpoint and their order (contract/oidc-server.md 7.2, O10).</summary>
public sealed partial class TokenEndpointTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
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
        // The timestamps of the clock are those of the system.
        int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(10, 30);
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
}
