using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>Attacks on the login form: pages of other sites, cookies set by an attacker, and bodies that browsers do not send.</summary>
public sealed class FormAttackTests(LocalLoginServers servers) : IClassFixture<LocalLoginServers>
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

    [Theory]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "{\"username\":\"alice\"}", "application/json")]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "state=x&username=alice&password=x", null)]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "state=x&username=alice&password=x", "text/plain")]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "state=x&username=alice&password=x",
        "application/x-www-form-urlencoded; charset=utf-16")]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "--b\r\n\r\n--b--", "multipart/form-data; boundary=b")]
    [InlineData(400, "The form must have one field state", "", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field state", "username=alice&password=x", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field username", "state=x&password=x", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field password", "state=x&username=alice", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field username", "state=x&username=alice&username=bob&password=x",
        "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field password", "state=x&username=alice&password=x&password=y",
        "application/x-www-form-urlencoded; charset=utf-8")]
    [InlineData(400, "The form has too many fields, or one that is too long", "state=x&username=alice&password=x&a=&b=&c=&d=&e=&f=",
        "application/x-www-form-urlencoded")]
    public async Task An_invalid_form_body_is_rejected(int status, string sentence, string body, string? mediaType)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = new FormBrowser(server.Host);
        await browser.OpenFormAsync();
        var answer = await browser.PostAsync(body, mediaType);
        answer.StatusCode.ShouldBe(status);
        answer.Body.ShouldContain(sentence);
        // No part of the body is returned, because it could be a password.
        answer.Body.ShouldNotContain("alice");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_rejected()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = new FormBrowser(server.Host);
        var form = await browser.OpenFormAsync();
        (await browser.SubmitAsync(form, "grace", new string('x', 4000))).StatusCode.ShouldBe(403);
        (await browser.SubmitAsync(form, "grace", new string('x', 5000))).StatusCode.ShouldBe(400);
        // The server need not read all of the body, so the request is sent with a raw socket.
        var head =
            $"POST /auth/login HTTP/1.1\r\nHost: {server.Host.Url.Authority}\r\nConnection: close\r\nContent-Type: "
                + $"application/x-www-form-urlencoded\r\n";
        var body = new string('x', 70_000);
        (await server.SendRawAsync($"{head}Content-Length: {body.Length}\r\n\r\n{body}"))!.StatusCode.ShouldBe(413);
        foreach (var (length, status) in ((int, int)[])[(20_000, 400), (70_000, 413)])
            (await server.SendRawAsync(
                $"{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body[..length]}\r\n0\r\n\r\n"))!.StatusCode.ShouldBe(status);
        (await browser.SubmitAsync(form, "grace")).StatusCode.ShouldBe(303);
    }

    /// <summary>Invalid encodings and unusual characters are treated like any wrong password.</summary>
    [Theory]
    [InlineData("%")]
    [InlineData("%zz%f")]
    [InlineData("%ff%fe")]
    [InlineData("%00")]
    [InlineData("%ED%A0%80")]
    [InlineData("%F0%9F%94%91")]
    public async Task An_unusual_password_is_treated_as_wrong(string encoded)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = new FormBrowser(server.Host);
        var state = Uri.EscapeDataString(FormBrowser.StateIn(await browser.OpenFormAsync()));
        var answer = await browser.PostAsync(
            $"state={state}&username=heidi{encoded}&password={encoded}", "application/x-www-form-urlencoded");
        answer.StatusCode.ShouldBe(403);
        answer.Body.ShouldContain("Wrong username or password.");
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    public async Task Other_methods_are_not_allowed(string method)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.SendAsync(new HttpMethod(method), "/auth/login")).StatusCode.ShouldBe(405);
    }
}
