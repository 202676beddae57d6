using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// <c>/ingress/forward</c> decides like <c>/ingress/auth</c>, answers with the intended status, and redirects browsers to the login.
/// </summary>
public sealed partial class ForwardTests(ForwardServers servers) : IClassFixture<ForwardServers>
{
    private static readonly (string, string) Html = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    [Theory, EveryMode]
    public async Task An_allowed_request_gets_the_same_answer_on_both_routes(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("same", "read:all,user:token");
        var bearer = TestServer.Bearer(browser.Session);
        foreach (var (query, headers) in (IEnumerable<(string, (string, string)[])>)[
            ("", [bearer]), ("", [browser.Cookie, Html]), ("?scope=read:all", [bearer, ("Cookie", "gafaelfawr=x; _other=y")]),
            ("?delegate_to=tap&delegate_scope=read:all&use_authorization=true", [bearer]), ("?notebook=true", [browser.Cookie]),
            ("?username=same&satisfy=any&scope=read:all&scope=exec:test", [browser.Cookie, ("Authorization", "token other")])])
        {
            var asked = await server.AuthorizeAsync(query, headers);
            var forwarded = await server.ForwardAsync(query, headers);
            forwarded.ShouldBeAllowed();
            Comparable(forwarded).ShouldBe(Comparable(asked), query);
            forwarded.Header("X-Auth-Request-User").ShouldBe("same");
        }

        // The user's cookies are returned in one header; the other route returns one header for each received header.
        (string, string)[] cookies = [
            .. ForwardExtensions.ForwardedHeaders("GET", "/"), bearer, ("Cookie", "a=b; gafaelfawr=x"), ("Cookie", "c=d")];
        (await server.SendLineAsync("GET /ingress/forward HTTP/1.1", cookies))!.Header("Cookie").ShouldBe("a=b; c=d");
    }

    [Theory, EveryMode]
    public async Task A_denied_request_gets_the_intended_status(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("refused", "read:all", UserData.None);
        var bearer = TestServer.Bearer(browser.Session);

        // Without credentials, and with invalid credentials.
        var unknown = await server.ForwardAsync("?scope=read:all");
        unknown.ShouldBeChallengedWithoutError();
        (await server.ForwardAsync("?auth_type=basic")).ShouldBeChallengedWithoutError(type: "Basic");
        (await server.ForwardAsync("", ("X-Requested-With", "xmlhttprequest"))).ShouldBeChallengedWithoutError(403);
        (await server.ForwardAsync("", ("Authorization", "Bearer token"))).ShouldBeDeniedAs(
            401, "invalid_token", "Token does not start with gt-")
            .Header("WWW-Authenticate").ShouldBe(
                "Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Token does not start with gt-\"");
        (await server.ForwardAsync("", ("Authorization", "token foo"))).ShouldBeDeniedAs(
            400, "invalid_request", "Unknown Authorization type token")
            .Header("WWW-Authenticate")!.ShouldStartWith("Bearer realm=\"example.com\", error=\"invalid_request\"");

        // Missing scopes.
        (await server.ForwardAsync("?scope=exec:admin", bearer)).ShouldBeDeniedAs(403, "insufficient_scope", "Token missing required scope")
            .Header("WWW-Authenticate")!.ShouldEndWith("scope=\"exec:admin\"");

        // OPTIONS is the method of the user's request.
        (await server.ForwardAsync("", "OPTIONS", "/")).ShouldBeDeniedAs(
            404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        (string, string)[] preflight = [("Origin", "https://example.com"), ("Access-Control-Request-Method", "PUT")];
        (await server.ForwardAsync("", "OPTIONS", "/", preflight)).ShouldBeAllowed();
        (await server.ForwardAsync("", "GET", "/", preflight)).ShouldBeChallengedWithoutError();

        // Too many requests.
        (await server.ForwardAsync("?service=test", bearer)).ShouldHaveRemaining(1, remaining: 0);
        var limited = await server.ForwardAsync("?service=test", bearer);
        limited.ShouldBeDeniedAs(429, "rate_limited", "Rate limit (1/minute) exceeded");
        limited.Header("X-RateLimit-Remaining").ShouldBe("0");
        limited.Header("Retry-After").ShouldNotBeNull();

        // An error in the rule.
        (await server.ForwardAsync("?notebook=true&delegate_to=a", bearer)).StatusCode.ShouldBe(422);
    }

    [Fact]
    public async Task Without_a_response_of_the_record_store_the_answer_is_503()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var server = await TestServer.StartAsync(Mode.Cluster, ForwardServers.TrustLoopback, ownRedis: redis);
        var token = (await server.Tokens.SessionForAsync("patient")).Record.Token;
        redis.Pause();
        var answer = await server.GetAsync(
            "/ingress/forward", [.. ForwardExtensions.ForwardedHeaders("GET", "/"), TestServer.Bearer(token), Html]);
        redis.Resume();
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Body.ShouldContain("Authorization is not available at the moment.");
        answer.Header("Retry-After").ShouldBe("1");
        answer.Header("X-Error-Status").ShouldBeNull();
        answer.Header("Location").ShouldBeNull();
    }

    /// <summary>Returns the forwarded headers without those that depend on the time.</summary>
    private static string Comparable(Answer answer) => string.Join('\n', answer.Headers
        .Where(header => header.Key != "Date").OrderBy(header => header.Key, StringComparer.Ordinal)
        .Select(header => $"{header.Key}: {string.Join(" | ", header.Value)}"));
}
