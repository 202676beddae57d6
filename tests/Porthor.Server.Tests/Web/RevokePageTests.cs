using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Web;

/// <summary>Revocation on pages: a confirmation page, a form, and a confirmation of the result.</summary>
public sealed class RevokePageTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task A_token_is_revoked_with_its_children_after_a_confirmation(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("regretful", "user:token,read:all");
        var token = await server.CreateTokenAsync(browser, "lost", "read:all");
        var child = await server.Host.Tokens.GetInternalTokenAsync(
            await server.Host.Tokens.CallerAsync(token), "tap", ScopeSet.Of("read:all"));

        // The confirmation page does not revoke the token.
        var confirmation = await server.OpenAsync(browser, PageClient.RevokePage(token.Key));
        confirmation.StatusCode.ShouldBe(200);
        confirmation.Text.ShouldContain("lost");
        confirmation.Link("Cancel").ShouldBe(PageClient.Tokens);
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);

        var done = await server.SubmitAsync(browser, confirmation, []);
        done.StatusCode.ShouldBe(303);
        done.Answer.Header("Location").ShouldBe($"{PageClient.Tokens}?revoked={token.Key}");
        done.Answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        foreach (var dead in (Token[])[token, child])
            (await server.GetAsync("/token-info", TestServer.Bearer(dead))).StatusCode.ShouldBe(401);
        var list = await server.OpenAsync(browser, done.Answer.Header("Location")!);
        list.TextOf(".notice").ShouldStartWith($"Revoked: lost ({token.Key}).");
        list.TextsOf("tbody tr").Count.ShouldBe(1);

        // If the form is sent again, there is nothing to revoke. This is not an error.
        (await server.SubmitAsync(browser, confirmation, [])).StatusCode.ShouldBe(303);
        (await server.GetAsync($"/users/regretful/tokens/{token.Key}/change-history", browser.Cookie)).Json.EnumerateArray()
            .Count(change => change.GetProperty("action").GetString() == "revoke").ShouldBe(2);
        (await server.OpenAsync(browser, PageClient.RevokePage(token.Key))).StatusCode.ShouldBe(404);
        // The result is shown for some minutes.
        server.Clock.Advance(TimeSpan.FromMinutes(6));
        (await server.OpenAsync(browser, done.Answer.Header("Location")!)).Document.QuerySelectorAll(".notice").ShouldBeEmpty();
    }

    [Theory, EveryMode]
    public async Task Only_administrators_can_revoke_tokens_of_others(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var owner = await server.LogInAsync("owner");
        var token = await server.CreateTokenAsync(owner, "theirs");
        var other = await server.LogInAsync("other");
        foreach (var (path, status) in (IEnumerable<(string, int)>)[
            (PageClient.RevokePage(token.Key), 404), ($"{PageClient.RevokePage(token.Key)}?username=owner", 403),
            ($"{PageClient.RevokePage(token.Key)}?username=other", 404),
            ($"{PageClient.RevokePage(token.Key)}?username=No%20Name", 404), ("/auth/tokens/short/revoke", 404),
            ($"/auth/tokens/{new string('<', 22)}/revoke", 404)])
        {
            (await server.OpenAsync(other, path)).StatusCode.ShouldBe(status, path);
            (await server.PostAsync(other, path, [("csrf", other.Csrf.Item2)])).StatusCode.ShouldBe(status, path);
        }
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);

        var admin = await server.LogInAsync("warden", "admin:token");
        var confirmation = await server.OpenAsync(admin, $"{PageClient.RevokePage(token.Key)}?username=owner");
        confirmation.TextsOf("dd").ShouldContain("owner");
        var done = await server.SubmitAsync(admin, confirmation, []);
        done.Answer.Header("Location").ShouldBe($"/auth/tokens/search?username=owner&revoked={token.Key}");
        (await server.OpenAsync(admin, done.Answer.Header("Location")!)).TextOf(".notice").ShouldStartWith("Revoked: theirs");
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(401);
        // The owner sees the actor of the revocation.
        (await server.OpenAsync(owner, $"/auth/tokens/history?key={token.Key}")).TextsOf("tbody tr td[data-label=Actor]")
            .ShouldBe(["warden", "owner"]);
    }

    /// <summary>The response is a page: a redirect of a form to an external login could be blocked.</summary>
    [Theory, EveryMode]
    public async Task Revoking_the_current_session_signs_out(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("leaver");
        var confirmation = await server.OpenAsync(browser, PageClient.RevokePage(browser.Key));
        confirmation.TextOf(".notice").ShouldBe("This is the session of this browser. You will have to sign in again.");
        var done = await server.SubmitAsync(browser, confirmation, []);
        done.StatusCode.ShouldBe(200);
        done.Title.ShouldBe("Signed out");
        done.Link("Sign in again").ShouldBe("/login?rd=https%3A%2F%2Fexample.com%2Fauth%2Ftokens");
        (await server.OpenAsync(browser, PageClient.Tokens)).StatusCode.ShouldBe(307);
    }
}
