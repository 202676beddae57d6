using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>Attacks on the login form: pages of other sites, cookies set by an attacker, and bodies that browsers do not send.</summary>
public sealed partial class FormAttackTests(LocalLoginServers servers) : IClassFixture<LocalLoginServers>
{
    /// <summary>
    /// A page of another site tries to sign a user in as the attacker, to observe them. It can contain the attacker's complete form, but
    /// the user's browser has another login in progress, or none.
    /// </summary>
    [Theory, EveryMode]
    public async Task A_form_of_another_browser_is_invalid(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var attackers = await new FormBrowser(server.Host).OpenFormAsync();

        // Without a login in progress the form is not processed.
        var visitor = new FormBrowser(server.Host);
        (await visitor.SubmitAsync(attackers, "alice")).StatusCode.ShouldBe(303);
        visitor.State.Token.ShouldBeNull();
        // With another login in progress the form does not match, and the login must be started again.
        await visitor.OpenFormAsync();
        var refused = await visitor.SubmitAsync(attackers, "alice");
        (refused.StatusCode, visitor.State).ShouldBe((403, SessionState.Empty));
        refused.Body.ShouldContain("Authentication state mismatch, please start over");
        foreach (var state in (string[])["", "x"])
        {
            await visitor.OpenFormAsync();
            (await visitor.PostAsync(
                [("state", state), ("username", "alice"), ("password", LocalLoginServers.Password)])).StatusCode.ShouldBe(403);
        }
        (await visitor.LogInAsync("alice")).StatusCode.ShouldBe(303);
    }

    /// <summary>
    /// An attacker who can set cookies for the host, for example from a subdomain, sets their own login state and has its form. The browser
    /// marks requests from forms on other pages.
    /// </summary>
    [Theory]
    [InlineData("cross-site", null, false)]
    [InlineData("same-site", null, false)]
    [InlineData("none", null, false)]
    [InlineData("cross-site", "https://example.com", false)]
    [InlineData("same-origin", null, true)]
    [InlineData("same-origin", "null", true)]
    [InlineData(null, "https://evil.example.net", false)]
    [InlineData(null, "https://sub.example.com", false)]
    [InlineData(null, "http://example.com", false)]
    [InlineData(null, "https://example.com:8443", false)]
    [InlineData(null, "null", false)]
    [InlineData(null, "", false)]
    [InlineData(null, "https://example.com", true)]
    [InlineData(null, "https://EXAMPLE.com:443", true)]
    [InlineData(null, null, true)]
    public async Task A_form_on_a_page_of_another_site_is_rejected(string? site, string? origin, bool accepted)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var attacker = new FormBrowser(server.Host);
        var form = await attacker.OpenFormAsync();
        var visitor = new FormBrowser(server.Host) { Cookies = { [SessionCookie.Name] = attacker.Cookies[SessionCookie.Name] } };
        (string, string)[] headers = [.. site is null ? [] : (IEnumerable<(string, string)>)[("Sec-Fetch-Site", site)], .. origin is null
            ? [] : (IEnumerable<(string, string)>)[("Origin", origin)]];
        var before = visitor.State;
        var answer = await visitor.PostAsync(
            [("state", FormBrowser.StateIn(form)), ("username", "kate"), ("password", LocalLoginServers.Password)], headers);
        if (accepted)
        {
            answer.StatusCode.ShouldBe(303);
            visitor.State.Token.ShouldNotBeNull();
            return;
        }
        answer.StatusCode.ShouldBe(403);
        answer.Body.ShouldContain("The form was sent from another site.");
        // The request cannot even end the login in progress.
        answer.Headers.Keys.ShouldNotContain("Set-Cookie");
        visitor.State.ShouldBe(before);
    }

    /// <summary>An attacker who set a session or a login state does not learn the resulting session.</summary>
    [Theory, EveryMode]
    public async Task A_planted_session_does_not_become_the_users(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var attacker = new FormBrowser(server.Host);
        await attacker.LogInAsync("frank");
        (await attacker.GetAsync("/auth/api/v1/login")).StatusCode.ShouldBe(200);
        await attacker.OpenFormAsync();
        var planted = attacker.State;
        var visitor = new FormBrowser(server.Host) { Cookies = { [SessionCookie.Name] = attacker.Cookies[SessionCookie.Name] } };
        (await visitor.LogInAsync("erin")).StatusCode.ShouldBe(303);

        // The user has a new session; the attacker's session is unchanged.
        visitor.State.Token.ShouldNotBe(planted.Token);
        planted.Csrf.ShouldNotBeNull();
        visitor.State.Csrf.ShouldNotBe(planted.Csrf);
        (await visitor.GetAsync("/auth/api/v1/user-info")).Json.GetProperty("username").GetString().ShouldBe("erin");
        (await attacker.GetAsync("/auth/api/v1/user-info")).Json.GetProperty("username").GetString().ShouldBe("frank");
        attacker.State.ShouldBe(planted);
    }
}
