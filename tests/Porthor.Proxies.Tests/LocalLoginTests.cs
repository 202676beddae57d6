using System.Text.RegularExpressions;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>A site whose users log in with a password.</summary>
public sealed class LocalUserProxyFixture : ProxyFixture
{
    public const string Password = "correct horse battery staple";

    private protected override Task<TestServer> StartPorthorAsync() => TestServer.StartAsync(
        Mode.Embedded, settings => Configure(settings) with
        {
            Providers = new ProviderSettings
            {
                LocalUsers = [new LocalUser(
                "alice", new Identity.UserData { Groups = [new Identity.Group("staff", 3000)] },
                PasswordHash.Of(Password, iterations: 1000))],
            },
            GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["staff"] },
        });
}

/// <summary>The complete login of a browser through each proxy: from the site to the login form and back to the site.</summary>
public sealed partial class LocalLoginTests(LocalUserProxyFixture fixture) : IClassFixture<LocalUserProxyFixture>
{
    private static readonly (string, string) Html = ("Accept", "text/html");

    [Theory, EveryProxy]
    public async Task A_user_returns_to_the_requested_page_after_login(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var begin = Path(await client.GetAsync("/some/page?a=1", Html));
        var sent = await client.GetAsync(begin, Html);
        var form = await client.GetAsync(Path(sent), Html, Cookie(sent));
        form.StatusCode.ShouldBe(200, form.Body);
        async Task<Answer> SubmitAsync(string password)
        {
            using var fields = new FormUrlEncodedContent(
                [new("state", State.Match(form.Body).Groups["state"].Value), new("username", "alice"), new("password", password)]);
            return await client.SendAsync(HttpMethod.Post, Path(sent), fields, Html, Cookie(sent), ("Origin", "http://example.com"));
        }

        // After a wrong password Porthor shows the form again.
        var wrong = await SubmitAsync("wrong");
        (wrong.StatusCode, wrong.Body.Contains("Wrong username or password.", StringComparison.Ordinal)).ShouldBe((403, true));
        var done = await SubmitAsync(LocalUserProxyFixture.Password);
        (done.StatusCode, done.Header("Location")).ShouldBe((303, "http://example.com/some/page?a=1"));

        var page = await client.GetAsync("/some/page?a=1", Html, Cookie(done));
        (page.StatusCode, page.Header("X-Site")).ShouldBe((200, "here"), page.Body);
        Upstream.Read(page.Body).Header("X-Auth-Request-User").ShouldBe("alice");
    }

    /// <summary>A return URL can have 8,000 characters, each of which can need three bytes in the login URL.</summary>
    [Theory, EveryProxy]
    public async Task A_long_URL_is_kept_during_a_login(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        foreach (var (length, filling) in ((int, string)[])[(3000, "x"), (8000, "x"), (8000, "a=b&"), (8000, "&")])
        {
            var target = $"/some/page?{string.Concat(Enumerable.Repeat(filling, length))}"[..(length - "http://example.com".Length)];
            var jar = new CookieJar();
            async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content = null)
            {
                var answer = await client.SendAsync(method, path, content, Html, jar.For(path), ("Origin", "http://example.com"));
                jar.Store(answer);
                return answer;
            }

            var refused = await SendAsync(HttpMethod.Get, target);
            refused.StatusCode.ShouldBe(302, refused.Body);
            var sent = await SendAsync(HttpMethod.Get, Path(refused));
            sent.StatusCode.ShouldBe(307, sent.Body);
            var form = await SendAsync(HttpMethod.Get, Path(sent));
            form.StatusCode.ShouldBe(200, form.Body);
            using var fields = new FormUrlEncodedContent(
                [new("state", State.Match(form.Body).Groups["state"].Value), new("username", "alice"),
                    new("password", LocalUserProxyFixture.Password)]);
            var done = await SendAsync(HttpMethod.Post, Path(sent), fields);
            (done.StatusCode, done.Header("Location")).ShouldBe((303, "http://example.com" + target));
            var page = await SendAsync(HttpMethod.Get, target);
            (page.StatusCode, page.Header("X-Site")).ShouldBe((200, "here"), page.Body);
        }
    }

    /// <summary>Neither Porthor nor a proxy redirects to a host that the client chose.</summary>
    [Theory, EveryProxy]
    public async Task A_redirect_does_not_use_the_host_of_the_request(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        foreach (var path in (string[])[
            "/auth", "/auth/tokens/", "/auth/api/v1/token-info/", "/auth/tokens", "/logout", "/auth/redoc", "/some/page"])
        {
            var answer = await client.GetAsync(path, Html, ("Host", "evil.example"));
            (answer.Header("Location") ?? "").ShouldNotContain("//evil.example", Case.Insensitive, path);
        }
        (await client.GetAsync("/auth/tokens/")).Header("Location").ShouldBe("http://example.com/auth/tokens");
    }

    private static string Path(Answer answer) => new Uri(new Uri("http://example.com"), answer.Header("Location")!).PathAndQuery;

    private static (string, string) Cookie(Answer answer) => ("Cookie", answer.Headers["Set-Cookie"][^1].Split(';')[0]);

    [GeneratedRegex("name=\"state\" value=\"(?<state>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex State { get; }
}
