using System.Diagnostics;
using Porthor.Redis;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class UnavailableStoreTests
{
    [Fact]
    public async Task Without_the_counter_a_request_is_allowed_and_not_counted()
    {
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings with
        {
            EphemeralRedis = new RedisOptions { Host = "127.0.0.1", Port = RealServers.FreePort() },
            Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 1, ["blocked"] = 0 } } },
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("uncounted")).Record.Token);
        for (var i = 0; i < 3; i++)
        {
            var answer = await AuthorizeAsync(server, "?service=test", bearer);
            answer.StatusCode.ShouldBe(200, answer.Body);
            answer.Header("X-RateLimit-Limit").ShouldBeNull();
        }
        server.Logs.Lines.ShouldContain(line => line.GetProperty("event").GetString() == "Rate limiting failed");

        // A quota of zero needs no counter and still denies.
        (await AuthorizeAsync(server, "?service=blocked", bearer)).StatusCode.ShouldBe(403);
    }

    /// <summary>A counter that does not respond delays a request by a tenth of a second once in a while, but not every request.</summary>
    [Fact]
    public async Task A_counter_that_does_not_respond_does_not_slow_down_requests()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var redis = await RealServers.Instance.RedisAsync();
        await using var wire = new FaultInjectingProxy(redis.Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings with
        {
            EphemeralRedis = settings.EphemeralRedis! with { Port = wire.Port },
            Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 1000 } } },
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("hurried")).Record.Token);
        (await AuthorizeAsync(server, "?service=test", bearer)).Header("X-RateLimit-Remaining").ShouldBe("999");

        wire.Stall();
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
        {
            var answer = await AuthorizeAsync(server, "?service=test", bearer);
            answer.StatusCode.ShouldBe(200, answer.Body);
            answer.Header("X-RateLimit-Limit").ShouldBeNull();
        }
        // With a separate timeout for each request they would take more than a second.
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(0.6));

        wire.Resume();
        await RealServers.WaitUntilAsync(
            async () => (await AuthorizeAsync(server, "?service=test", bearer)).Header("X-RateLimit-Limit").ShouldBe("1000"), "counting");
    }
}
