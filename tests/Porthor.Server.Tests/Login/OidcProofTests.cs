using System.Text.Json.Nodes;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// The values that bind a login to the browser that started it, in addition to the state: the nonce, and PKCE (RFC 7636).
/// </summary>
public sealed class OidcProofTests
{
    private const string Metadata = "/.well-known/openid-configuration";

    /// <summary>An injected code is not redeemed: the provider has bound it to another login.</summary>
    [LdapFact]
    public async Task A_code_of_another_login_is_rejected()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var attacker = new LoginBrowser(site);
        await attacker.BeginAsync(LoginSite.Destination);
        var code = site.Oidc.Authorize(attacker.Location!, "some-user");
        var victim = new LoginBrowser(site);
        await victim.BeginAsync(LoginSite.Destination);
        (await victim.ReturnAsync(code)).ShouldBeErrorPage(
            500, "Authentication provider failed: Error retrieving ID token: invalid_grant: wrong verifier");
        victim.State.Token.ShouldBeNull();
    }

    /// <summary>Without PKCE the nonce detects the attack.</summary>
    [LdapTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_of_another_login_is_rejected(bool disabled)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded, settings => settings with { UsesPkce = !disabled });
        if (!disabled)
            Publish(site, metadata => metadata["code_challenge_methods_supported"] = new JsonArray("plain"));
        var attacker = new LoginBrowser(site);
        await attacker.BeginAsync(LoginSite.Destination);
        attacker.LocationQuery.Keys.ShouldNotContain("code_challenge");
        attacker.State.Verifier.ShouldBeNull();
        var code = site.Oidc.Authorize(attacker.Location!, "some-user");
        var victim = new LoginBrowser(site);
        await victim.BeginAsync(LoginSite.Destination);
        (await victim.ReturnAsync(code)).ShouldBeErrorPage(
            500,
            "Authentication provider failed: OpenID Connect token verification failed: The nonce in the token is not that of this login");

        // The same configuration without an attack.
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
        site.External.RequestsTo("POST", "/token")[^1].Form.Keys.ShouldNotContain("code_verifier");
    }

    [LdapTheory]
    [InlineData("", false)]
    [InlineData("\"other\"", false)]
    [InlineData("5", false)]
    [InlineData("null", false)]
    [InlineData(null, true)]
    public async Task The_token_must_contain_the_nonce(string? nonce, bool accepted)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (_, answer) = await site.LogInByOidcAsync(change: claims => SetNonce(claims, nonce));
        answer.StatusCode.ShouldBe(accepted ? 307 : 500, answer.Body);
    }

    /// <summary>A provider without metadata may not support nonces: a missing nonce is accepted, a wrong one is not.</summary>
    [LdapTheory]
    [InlineData("", true)]
    [InlineData("\"other\"", false)]
    [InlineData(null, true)]
    public async Task A_provider_without_metadata_can_omit_the_nonce(string? nonce, bool accepted)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("GET", Metadata, ExternalReply.Text(404, ""));
        site.External.On("GET", "/.well-known/jwks.json", _ => ExternalReply.Ok(new { keys = new[] { site.Oidc.Key.Public() } }));
        var (browser, answer) = await site.LogInByOidcAsync(change: claims => SetNonce(claims, nonce));
        answer.StatusCode.ShouldBe(accepted ? 307 : 500, answer.Body);
    }

    /// <summary>Values that were not sent are not required: nodes of the reference send neither.</summary>
    [LdapFact]
    public async Task A_login_started_by_the_reference_is_completed()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var browser = new LoginBrowser(site)
        {
            State = new SessionState
            {
                ReturnUrl = LoginSite.Destination,
                State = "AAAAAAAAAAAAAAAAAAAAAA==",
                LoginStart = site.Clock.GetUtcNow()
            },
        };
        // Another tab continues the login as it was started.
        await browser.BeginAsync(LoginSite.Landing);
        browser.LocationQuery.Keys.ShouldNotContain("nonce");
        browser.LocationQuery.Keys.ShouldNotContain("code_challenge");
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "some-user"))).ShouldRedirectTo(LoginSite.Landing);
    }

    /// <summary>If the provider's metadata cannot be read, the login starts without them.</summary>
    [LdapTheory]
    [InlineData(500, "oops", "Status 500 from GET URL/.well-known/openid-configuration\nBody:\noops")]
    [InlineData(200, "[]", "No jwks_uri property in OIDC metadata for URL")]
    [InlineData(200, "not json", "No jwks_uri property in OIDC metadata for URL")]
    public async Task A_login_can_start_without_metadata(int status, string body, string reason)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("GET", Metadata, ExternalReply.Text(status, body));
        var browser = new LoginBrowser(site);
        (await browser.BeginAsync(LoginSite.Destination)).StatusCode.ShouldBe(307);
        browser.LocationQuery.Keys.ShouldContain("nonce");
        browser.LocationQuery.Keys.ShouldNotContain("code_challenge");
        site.Lines("Cannot read provider metadata, logging in without PKCE").Single().GetProperty("error").GetString()
            .ShouldBe(reason.Replace("URL", site.External.Url, StringComparison.Ordinal));
        // At the user's return they can be read.
        site.Oidc.ConfigureReplies();
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "some-user"))).ShouldRedirectTo(LoginSite.Destination);
    }

    private static void Publish(LoginSite site, Action<JsonObject> change) => site.External.On("GET", Metadata, _ =>
    {
        var metadata = site.Oidc.Metadata;
        change(metadata);
        return new ExternalReply(200, metadata.ToJsonString());
    });

    /// <param name="nonce">As JSON; empty for none, null for the requested one.</param>
    private static void SetNonce(JsonObject claims, string? nonce)
    {
        if (nonce is "")
            claims.Remove("nonce");
        else if (nonce is not null)
            claims["nonce"] = JsonNode.Parse(nonce);
    }
}
