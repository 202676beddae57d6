using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Proxies.Tests;

/// <summary>While Porthor or its store is unavailable, all requests are denied with 503.</summary>
public sealed class UnavailableTests(UnavailableTests.UnresponsiveStoreFixture unresponsive, UnavailableTests.StoppedServerFixture stopped)
    : IClassFixture<UnavailableTests.UnresponsiveStoreFixture>, IClassFixture<UnavailableTests.StoppedServerFixture>
{
    private static readonly (string, string) Html = ("Accept", "text/html");

    /// <summary>A server whose Redis does not respond.</summary>
    public sealed class UnresponsiveStoreFixture : ProxyFixture
    {
        private RedisServerProcess? redis;

        internal Token Token { get; private set; } = null!;

        private protected override async Task<TestServer> StartPorthorAsync()
        {
            if (Prerequisites.SkipReason(Mode.Cluster) is not null)
                return await base.StartPorthorAsync();
            redis = await RedisServerProcess.StartOwnAsync();
            var server = await TestServer.StartAsync(Mode.Cluster, Configure, ownRedis: redis);
            Token = (await server.Tokens.SessionForAsync("patient", "read:all")).Record.Token;
            redis.Pause();
            return server;
        }

        private protected override async ValueTask DisposeMoreAsync()
        {
            if (redis is not null)
                await redis.DisposeAsync();
        }
    }

    /// <summary>A server that was stopped.</summary>
    public sealed class StoppedServerFixture : ProxyFixture
    {
        private protected override async Task<TestServer> StartPorthorAsync()
        {
            var server = await base.StartPorthorAsync();
            await server.StopAsync();
            return server;
        }
    }

    [Theory, EveryProxy]
    public async Task The_answer_is_503_if_the_store_does_not_respond(Proxy proxy)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var client = await unresponsive.ConnectAsync(proxy);
        var answer = await client.GetAsync("/", TestServer.Bearer(unresponsive.Token));
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.DetailType.ShouldBe("store_unavailable");
        answer.Header("Retry-After").ShouldBe("1");
        answer.Header("Set-Cookie").ShouldBeNull();
        answer.Header("WWW-Authenticate").ShouldBeNull();
        var page = await client.GetAsync("/", TestServer.Bearer(unresponsive.Token), Html);
        (page.StatusCode, page.Header("Content-Type")).ShouldBe((503, "text/html; charset=utf-8"));
        unresponsive.Site.Requests.ShouldBe(0);
    }

    [Theory, EveryProxy]
    public async Task Without_Porthor_the_answer_is_503(Proxy proxy)
    {
        var client = await stopped.ConnectAsync(proxy);
        foreach (var (path, headers) in (IEnumerable<(string, (string, string)[])>)[
            ("/", []), ("/api/", [("Authorization", "Bearer x")]), ("/public/", []), ("/", [Html, ("X-Requested-With", "XMLHttpRequest")]),
            ("/", [("Accept", "text/html, application/json")])])
        {
            var answer = await client.GetAsync(path, headers);
            answer.ShouldBeError(503, "store_unavailable", "Authorization is not available");
        }
        foreach (var path in (string[])["/", "/api/", "/public/"])
        {
            var page = await client.GetAsync(path, Html);
            (page.StatusCode, page.Header("Content-Type"), page.Header("Cache-Control"), page.Header("Content-Security-Policy")).ShouldBe(
                (503, "text/html; charset=utf-8", "no-cache, no-store", "default-src 'none'; frame-ancestors 'none'"), path);
            page.Body.ShouldContain("<h1>Not available</h1>");
        }
        stopped.Site.Requests.ShouldBe(0);
    }
}
