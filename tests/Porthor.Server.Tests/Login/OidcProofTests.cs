using System.Text.Json.Nodes;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>What binds a login to the browser that began it, beside its state: the nonce, and PKCE (RFC 7636).</summary>
public sealed class OidcProofTests
{
    private const string Metadata = "/.well-known/openid-configuration";

    /// <summary>A code that somebody slipped in is not redeemed: the provider has bound it to another login.</summary>
    [LdapFact]
    public async Task A_code_of_another_login_is_refused()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var attacker = new LoginBrowser(site);
        await attacker.BeginAsync(LoginSite.Destination);
        var code = site.Oidc.Authorize(attacker.Location!, "some-user");
        var victim = new LoginBrowser(site);
        await victim.BeginAsync(LoginSite.Destination);
        (await victim.ReturnAsync(code)).ShouldBeErrorPage(500, "Authentication provider failed: Error retrieving ID token: invalid_grant: wrong verifier");
        victim.State.Token.ShouldBeNull();
    }

    /// <summary>Without PKCE it is the nonce that tells.</summary>
    [LdapTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_of_another_login_is_refused(bool turnedOff)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded, settings => settings with { UsesPkce = !turnedOff });
        if (!turnedOff)
            Publish(site, metadata => metadata["code_challenge_methods_supported"] = new JsonArray("plain"));
        var attacker = new LoginBrowser(site);
        await attacker.BeginAsync(LoginSite.Destination);
        attacker.LocationQuery.Keys.ShouldNotContain("code_challenge");
        attacker.State.Verifier.ShouldBeNull();
        var code = site.Oidc.Authorize(attacker.Location!, "some-user");
        var victim = new LoginBrowser(site);
        await victim.BeginAsync(LoginSite.Destination);
        (await victim.ReturnAsync(code)).ShouldBeErrorPage(
            500, "Authentication provider failed: OpenID Connect token verification failed: The nonce in the token is not that of this login");

        // The same without an attacker.
        (await site.LogInByOidcAsync()).Answer.ShouldLeadTo(LoginSite.Destination);
        site.Foreign.RequestsTo("POST", "/token")[^1].Form.Keys.ShouldNotContain("code_verifier");
    }

    [LdapTheory]
    [InlineData("", false)]
    [InlineData("\"other\"", false)]
    [InlineData("5", false)]
    [InlineData("null", false)]
    [InlineData(null, true)]
    public async Task The_nonce_must_come_back(string? nonce, bool accepted)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (_, answer) = await site.LogInByOidcAsync(change: claims => SetNonce(claims, nonce));
        answer.StatusCode.ShouldBe(accepted ? 307 : 500, answer.Body);
    }

    /// <summary>A provider older than discovery may not know nonces: from repeating ours it is excused, from repeating another not.</summary>
    [LdapTheory]
    [InlineData("", true)]
    [InlineData("\"other\"", false)]
    [InlineData(null, true)]
    public async Task Unless_the_provider_publishes_nothing(string? nonce, bool accepted)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.Foreign.On("GET", Metadata, ForeignReply.Text(404, ""));
        site.Foreign.On("GET", "/.well-known/jwks.json", _ => ForeignReply.Ok(new { keys = new[] { site.Oidc.Key.Public() } }));
        var (browser, answer) = await site.LogInByOidcAsync(change: claims => SetNonce(claims, nonce));
        answer.StatusCode.ShouldBe(accepted ? 307 : 500, answer.Body);
    }

    /// <summary>What was not sent is not asked for: a reference node knows neither proof.</summary>
    [LdapFact]
    public async Task A_login_that_began_at_the_reference_ends_here()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var browser = new LoginBrowser(site)
        {
            State = new SessionState { ReturnUrl = LoginSite.Destination, State = "AAAAAAAAAAAAAAAAAAAAAA==", LoginStart = site.Clock.GetUtcNow() },
        };
        // A tab goes on with the login as it was begun.
        await browser.BeginAsync(LoginSite.Landing);
        browser.LocationQuery.Keys.ShouldNotContain("nonce");
        browser.LocationQuery.Keys.ShouldNotContain("code_challenge");
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "some-user"))).ShouldLeadTo(LoginSite.Landing);
    }

    /// <summary>That a provider's metadata cannot be read stops nobody on the way to it.</summary>
    [LdapTheory]
    [InlineData(500, "oops", "Status 500 from GET URL/.well-known/openid-configuration\nBody:\noops")]
    [InlineData(200, "[]", "No jwks_uri property in OIDC metadata for URL")]
    [InlineData(200, "not json", "No jwks_uri property in OIDC metadata for URL")]
    public async Task A_login_begins_without_metadata(int status, string body, string why)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.Foreign.On("GET", Metadata, ForeignReply.Text(status, body));
        var browser = new LoginBrowser(site);
        (await browser.BeginAsync(LoginSite.Destination)).StatusCode.ShouldBe(307);
        browser.LocationQuery.Keys.ShouldContain("nonce");
        browser.LocationQuery.Keys.ShouldNotContain("code_challenge");
        site.Lines("Cannot read provider metadata, logging in without PKCE").Single().GetProperty("error").GetString()
            .ShouldBe(why.Replace("URL", site.Foreign.Url, StringComparison.Ordinal));
        // By the time the user is back, it can.
        site.Oidc.Work();
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "some-user"))).ShouldLeadTo(LoginSite.Destination);
    }

    private static void Publish(LoginSite site, Action<JsonObject> change) => site.Foreign.On("GET", Metadata, _ =>
    {
        var metadata = site.Oidc.Metadata;
        change(metadata);
        return new ForeignReply(200, metadata.ToJsonString());
    });

    /// <param name="nonce">As JSON; empty for none, null for the one that was asked for.</param>
    private static void SetNonce(JsonObject claims, string? nonce)
    {
        if (nonce is "")
            claims.Remove("nonce");
        else if (nonce is not null)
            claims["nonce"] = JsonNode.Parse(nonce);
    }
}
