using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Logins with an OpenID Connect provider, with all user data except the name from LDAP (contract/login.md 4).</summary>
public sealed partial class OidcLoginTests
{
    /// <summary>LGO-001, LGO-002, LGO-005, LGO-006.</summary>
    [Theory, EveryMode(WithLdap = true)]
    public async Task A_user_of_the_provider_logs_in(Mode mode)
    {
        await using var site = await LoginSite.WithOidcAsync(mode);
        var browser = new LoginBrowser(site);
        var begun = await browser.BeginAsync(LoginSite.Destination);
        begun.StatusCode.ShouldBe(307);
        begun.Header("Cache-Control").ShouldBeNull();
        browser.Location!.ShouldStartWith($"{site.Oidc.Issuer}/authorize?response_type=code&client_id=some-client&");
        browser.Location.ShouldContain("&scope=openid+email+voPerson&");
        var state = browser.State;
        // The provider receives the nonce and only a hash of the PKCE verifier.
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(state.Verifier!.Reveal())));
        browser.LocationQuery.ShouldBe(
            new Dictionary<string, string>
            {
                ["response_type"] = "code",
                ["client_id"] = "some-client",
                ["redirect_uri"] = "https://example.com/login",
                ["scope"] = "openid email voPerson",
                ["state"] = state.State!,
                ["nonce"] = state.Nonce!,
                ["code_challenge"] = challenge,
                ["code_challenge_method"] = "S256",
                ["skin"] = "test",
            },
            ignoreOrder: true);
        site.Lines("Redirecting user for authentication").Single().GetProperty("login_url").GetString()
            .ShouldBe($"{site.Oidc.Issuer}/authorize");

        site.Clock.Advance(TimeSpan.FromSeconds(9));
        var code = site.Oidc.Authorize(browser.Location!, "some-user");
        (await browser.ReturnAsync(code)).ShouldRedirectTo(LoginSite.Destination);
        browser.State.ShouldBe(new Sessions.SessionState { Token = browser.State.Token.ShouldNotBeNull() });
        site.Metrics.Logins.ShouldBe((1, 1, 0, 0));
        site.Metrics.Of("login_elapsed").ShouldBe([9]);

        var asked = site.External.RequestsTo("POST", "/token").ShouldHaveSingleItem();
        asked.Headers["Accept"].ShouldBe("application/json");
        asked.Headers["Content-Type"].ShouldBe("application/x-www-form-urlencoded");
        asked.Headers.Keys.ShouldNotContain("Authorization");
        asked.Form.ShouldBe(
            new Dictionary<string, string>
            {
                ["grant_type"] = "authorization_code",
                ["client_id"] = OidcProvider.ClientId,
                ["client_secret"] = OidcProvider.ClientSecret,
                ["code"] = code,
                ["redirect_uri"] = "https://example.com/login",
                ["code_verifier"] = state.Verifier.Reveal(),
            },
            ignoreOrder: true);
        site.Lines("Retrieving ID token").Single().GetProperty("token_url").GetString().ShouldBe($"{site.Oidc.Issuer}/token");
        var line = site.Lines("Successfully authenticated user some-user").Single();
        line.GetProperty("token_userinfo").GetRawText().ShouldBe("{}");
        line.GetProperty("token_scopes").GetRawText().ShouldBe("""["read:all","user:token"]""");

        (await browser.NavigateAsync("/auth/api/v1/user-info")).Body.ShouldBe(
            """{"username":"some-user","name":"Some User","email":"some-user@example.com","uid":1000,"gid":1000"""
                + ""","groups":[{"name":"users","id":2000}]}""");
        (await browser.AuthorizeAsync("?scope=read:all")).ShouldBe(200);
        (await browser.AuthorizeAsync("?scope=exec:admin")).ShouldBe(403);
    }

    /// <summary>LGO-008, LGO-009: Porthor assigns the IDs in the order of first use; groups without an ID give scopes too.</summary>
    [LdapFact]
    public async Task Users_get_permanent_IDs_at_login()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Database, configure: settings => settings with
            {
                Providers = settings.Providers with
                {
                    AllocateIds = true,
                    Ldap = settings.Providers.Ldap! with { AddUserGroup = true }
                }
            });
        await site.Tree.AddUserAsync("other-user", uid: 77);
        await site.Tree.AddGroupAsync("admins", gid: null, "other-user", "some-user");
        var someUser = """
            {"username":"some-user","name":"Some User","email":"some-user@example.com","uid":3000000,"gid":3000000,
            "groups":[{"name":"admins","id":2000001},{"name":"some-user","id":3000000},{"name":"users","id":2000000}]}
            """.ReplaceLineEndings("");
        async Task<string> LogInAsync(string username)
        {
            var (browser, answer) = await site.LogInByOidcAsync(username);
            answer.ShouldRedirectTo(LoginSite.Destination);
            (await browser.AuthorizeAsync("?scope=exec:admin")).ShouldBe(200);
            return (await browser.NavigateAsync("/auth/api/v1/user-info")).Body;
        }
        (await LogInAsync("some-user")).ShouldBe(someUser);
        (await LogInAsync("other-user")).ShouldBe(
            """{"username":"other-user","uid":3000001,"gid":3000001,"groups":[{"name":"admins","id":2000001},"""
                + """{"name":"other-user","id":3000001}]}""");
        await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(
            site.Host.Deployment.DatabaseName!, "DELETE FROM porthor_id WHERE name = 'some-user'");
        (await LogInAsync("some-user")).ShouldBe(someUser);
    }

    [LdapFact]
    public async Task The_login_URL_of_the_provider_can_have_a_query()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded, settings => settings with
        {
            LoginUrl = new Uri(settings.LoginUrl!.AbsoluteUri + "?realm=staff"),
            LoginParams = new Dictionary<string, string> { ["scope"] = "openid", ["prompt"] = "login & consent" },
        });
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        browser.Location!.ShouldStartWith($"{site.Oidc.Issuer}/authorize?realm=staff&response_type=code&");
        browser.Location.Count('?').ShouldBe(1);
        // Configured parameters take precedence over Porthor's.
        browser.LocationQuery["scope"].ShouldBe("openid");
        browser.LocationQuery["prompt"].ShouldBe("login & consent");
    }

    [LdapFact]
    public async Task Logout_sends_no_request_to_the_provider()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (browser, _) = await site.LogInByOidcAsync();
        var asked = site.External.Requests.Count;
        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        (await browser.AuthorizeAsync()).ShouldBe(401);
        site.External.Requests.Count.ShouldBe(asked);
    }
}
