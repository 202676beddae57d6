using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Proxies.Tests;

/// <summary>While Porthor or its store is away nobody passes, and everybody is told that it is not their fault.</summary>
public sealed class BrokenTests(BrokenTests.SilentStore silent, BrokenTests.NoPorthor none) : IClassFixture<BrokenTests.SilentStore>, IClassFixture<BrokenTests.NoPorthor>
{
    private static readonly (string, string) Html = ("Accept", "text/html");

    /// <summary>A Porthor whose Redis does not answer.</summary>
    public sealed class SilentStore : Gate
    {
        private RedisServerProcess? redis;

        internal Token Token { get; private set; } = null!;

        private protected override async Task<TestServer> StartPorthorAsync()
        {
            if (Prerequisites.WhyNot(Mode.Cluster) is not null)
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

    /// <summary>A Porthor that has been stopped.</summary>
    public sealed class NoPorthor : Gate
    {
        private protected override async Task<TestServer> StartPorthorAsync()
        {
            var server = await base.StartPorthorAsync();
            await server.StopAsync();
            return server;
        }
    }

    [Theory, EveryProxy]
    public async Task While_the_store_is_silent_the_answer_is_503(Proxy proxy)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var visitor = await silent.BehindAsync(proxy);
        var answer = await visitor.GetAsync("/", TestServer.Bearer(silent.Token));
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.DetailType.ShouldBe("store_unavailable");
        answer.Header("Retry-After").ShouldBe("1");
        answer.Header("Set-Cookie").ShouldBeNull();
        answer.Header("WWW-Authenticate").ShouldBeNull();
        var page = await visitor.GetAsync("/", TestServer.Bearer(silent.Token), Html);
        (page.StatusCode, page.Header("Content-Type")).ShouldBe((503, "text/html; charset=utf-8"));
        silent.Site.Requests.ShouldBe(0);
    }

    [Theory, EveryProxy]
    public async Task Without_Porthor_the_answer_is_503(Proxy proxy)
    {
        var visitor = await none.BehindAsync(proxy);
        foreach (var (path, headers) in (IEnumerable<(string, (string, string)[])>)[("/", [Html]), ("/api/", [("Authorization", "Bearer x")]), ("/public/", [])])
        {
            var answer = await visitor.GetAsync(path, headers);
            answer.ShouldBeRefused(503, "store_unavailable", "Authorization is not available");
        }
        none.Site.Requests.ShouldBe(0);
    }
}
