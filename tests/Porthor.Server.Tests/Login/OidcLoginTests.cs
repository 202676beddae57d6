using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Logins with an OpenID Connect provider, with all user data except the name from LDAP (contract/login.md 4).</summary>
public sealed class OidcLoginTests
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

    /// <summary>LGO-007, LGO-016, and a username that looks like a number.</summary>
    [LdapFact]
    public async Task Unusual_names_are_accepted()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        await site.Tree.AddUserAsync("99digits99", "名字 Ünï", uid: 1001, gid: 1001);
        await site.Tree.AddGroupAsync("more-users", 2001, "99digits99");
        await site.Tree.AddGroupAsync("admins", 2002, "99digits99");
        var browser = new LoginBrowser(site);
        await browser.NavigateAsync("/login", ("X-Auth-Request-Redirect", LoginSite.Destination));
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "99digits99"))).ShouldRedirectTo(LoginSite.Destination);
        var user = (await browser.NavigateAsync("/auth/api/v1/user-info")).Json;
        user.GetProperty("name").GetString().ShouldBe("名字 Ünï");
        user.TryGetProperty("email", out _).ShouldBeFalse();
    }

    /// <summary>
    /// LGO-013, LGO-025: a correction in the directory applies to the next login at once, although results are cached for minutes.
    /// </summary>
    [Theory, EveryMode(WithLdap = true)]
    public async Task A_user_without_a_mapped_group_is_denied(Mode mode)
    {
        await using var site = await LoginSite.WithOidcAsync(mode);
        await site.Tree.AddUserAsync("stranger", "A Stranger", uid: 1005, gid: 1005);
        foreach (var name in (string[])["stranger", "unknown-user"])
        {
            var (browser, answer) = await site.LogInByOidcAsync(name);
            answer.ShouldBeErrorPage(403, $"User unauthorized: {name} is not a member of any authorized groups");
            // The log names the groups that were found.
            var line = site.Lines("User unauthorized")[^1];
            line.GetProperty("user").GetString().ShouldBe(name);
            line.GetProperty("groups").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Array);
            browser.State.ShouldBe(Sessions.SessionState.Empty);
            (await browser.AuthorizeAsync()).ShouldBe(401);
        }
        site.Metrics.Logins.ShouldBe((2, 0, 2, 0));
        site.Alerts.ShouldBeEmpty();
        await site.Tree.AddGroupAsync("admins", 2002, "stranger");
        (await site.LogInByOidcAsync("stranger")).Answer.ShouldRedirectTo(LoginSite.Destination);
    }

    /// <summary>LGO-008, LGO-009: Porthor assigns the IDs in the order of first use; groups without an ID give scopes too.</summary>
    [LdapFact]
    public async Task Users_get_permanent_IDs_at_login()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Database, configure: settings => settings with { Providers = settings.Providers with {
                AllocateIds = true, Ldap = settings.Providers.Ldap! with { AddUserGroup = true } } });
        await site.Tree.AddUserAsync("other-user", uid: 77);
        await site.Tree.AddGroupAsync("admins", gid: null, "other-user", "some-user");
        const string someUser = """
            {"username":"some-user","name":"Some User","email":"some-user@example.com","uid":3000000,"gid":3000000,"groups":[{"name":"admins","id":2000001},{"name":"some-user","id":3000000},{"name":"users","id":2000000}]}
            """;
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

    /// <summary>LGO-015.</summary>
    [LdapFact]
    public async Task The_username_can_be_in_another_claim()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Embedded, settings => settings with { UsernameClaim = "preferred_username" });
        (await site.LogInByOidcAsync(
            "wrong-one", claims => claims["preferred_username"] = "some-user")).Answer.ShouldRedirectTo(LoginSite.Destination);
        site.Lines("Successfully authenticated user some-user").Count.ShouldBe(1);
    }

    /// <summary>LGO-027.</summary>
    [LdapFact]
    public async Task A_user_without_a_username_claim_is_rejected()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (browser, answer) = await site.LogInByOidcAsync(change: claims => claims.Remove("uid"));
        answer.ShouldBeErrorPage(403, "User is not enrolled: No uid claim in token");
        browser.State.ShouldBe(Sessions.SessionState.Empty);
        var warning = site.Lines("No uid claim in token").Single();
        warning.GetProperty("severity").GetString().ShouldBe("warning");
        warning.GetProperty("claims").GetProperty("sub").GetString().ShouldBe("subject");
        warning.GetProperty("claims").GetProperty("exp").GetInt64().ShouldBe(site.Clock.GetUtcNow().ToUnixTimeSeconds() + 300);
        warning.GetProperty("claims").GetProperty("iat").GetInt64().ShouldBe(site.Clock.GetUtcNow().ToUnixTimeSeconds());
        warning.GetProperty("claims").TryGetProperty("nonce", out _).ShouldBeFalse();
        site.Lines("User is not enrolled").Single().GetProperty("error").GetString().ShouldBe("No uid claim in token");
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));
        site.Alerts.ShouldBeEmpty();
    }

    /// <summary>LGO-026. The login can be continued afterwards: the cookie is not changed.</summary>
    [LdapFact]
    public async Task A_user_without_a_username_claim_is_redirected_to_the_enrollment()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Embedded, settings => settings with { EnrollmentUrl = new Uri("https://enroll.example.org/start?x=y") });
        var (browser, answer) = await site.LogInByOidcAsync(change: claims => claims.Remove("uid"));
        answer.ShouldRedirectTo("https://enroll.example.org/start?x=y");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("Set-Cookie").ShouldBeNull();
        browser.State.ReturnUrl.ShouldBe(LoginSite.Destination);
        site.Lines("Redirecting user to enrollment URL").Single().GetProperty("url").GetString()
            .ShouldBe("https://enroll.example.org/start?x=y");
        site.Metrics.Logins.ShouldBe((1, 0, 0, 1));

        // After the enrollment the user starts the login again.
        await browser.BeginAsync(LoginSite.Destination);
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "some-user"))).ShouldRedirectTo(LoginSite.Destination);
        site.Metrics.Logins.ShouldBe((1, 1, 0, 1));
    }

    /// <summary>LGO-023.</summary>
    [LdapTheory]
    [InlineData("invalid@user")]
    [InlineData("Some-User")]
    [InlineData("some user")]
    [InlineData("")]
    [InlineData("a-username-that-is-much-too-long-to-be-one-because-it-has-65-char")]
    public async Task An_invalid_username_is_rejected(string username)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (_, answer) = await site.LogInByOidcAsync(username);
        answer.ShouldBeErrorPage(403, $"Cannot authenticate: Invalid username in uid claim in token: {username}");
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));
        site.Alerts.ShouldBeEmpty();
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

    /// <summary>If the directory is unavailable, the user gets an error page, and an alert contains the reason.</summary>
    [LdapFact]
    public async Task Without_the_directory_logins_fail()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Embedded,
            configure: settings => settings with
            {
                Providers = settings.Providers with { Ldap = settings.Providers.Ldap! with {
                    Url = ExternalServer.ClosedPort.Url.Replace("http", "ldap", StringComparison.Ordinal) } },
            });
        var (browser, answer) = await site.LogInByOidcAsync();
        answer.ShouldBeErrorPage(500, "Retrieving data from LDAP failed: Unable to get user information");
        browser.State.ShouldBe(Sessions.SessionState.Empty);
        var line = site.Lines("Retrieving data from LDAP failed").Single();
        line.GetProperty("severity").GetString().ShouldBe("error");
        line.GetProperty("error").GetString().ShouldBe("Error querying LDAP");
        var alert = await site.WaitForAlertAsync();
        alert.GetProperty("blocks")[1].GetProperty("fields")[0].GetProperty("text").GetString().ShouldBe("*Exception type*\nLDAPError");
        alert.GetProperty("blocks")[1].GetProperty("fields")[2].GetProperty("text").GetString().ShouldBe("*User*\nsome-user");
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));
    }
}
