using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class OidcLoginTests
{
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

    /// <summary>If the directory is unavailable, the user gets an error page, and an alert contains the reason.</summary>
    [LdapFact]
    public async Task Without_the_directory_logins_fail()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Embedded,
            configure: settings => settings with
            {
                Providers = settings.Providers with
                {
                    Ldap = settings.Providers.Ldap! with
                    {
                        Url = ExternalServer.ClosedPort.Url.Replace("http", "ldap", StringComparison.Ordinal)
                    }
                },
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
