using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Porthor.Secrets;
using Porthor.Server.Health;
using Porthor.Testing;

namespace Porthor.Server.Tests.Observation;

/// <summary>Liveness and readiness are separate (deviations 15).</summary>
public sealed class ReadinessTests
{
    [Theory, EveryMode]
    public async Task A_server_with_its_stores_is_alive_and_ready(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        (await server.GetAsync("/health/live")).Body.ShouldBe("""{"status":"alive"}""");
        var ready = await server.GetAsync("/health/ready");
        (ready.StatusCode, ready.Json.GetProperty("status").GetString()).ShouldBe((200, "ready"));
        string[] expected = mode == Mode.Cluster ? ["token list", "token records", "ephemeral Redis"] : ["token list", "token records"];
        ready.Json.GetProperty("dependencies").EnumerateArray().Select(one => one.GetProperty("name").GetString()).ShouldBe(expected);
        foreach (var dependency in ready.Json.GetProperty("dependencies").EnumerateArray())
        {
            dependency.GetProperty("state").GetString().ShouldBe("up");
            dependency.GetProperty("age").GetDouble().ShouldBeGreaterThanOrEqualTo(0);
            dependency.TryGetProperty("error", out _).ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Without_its_record_store_a_server_is_alive_and_not_ready()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var wire = new FaultInjectingProxy(redis.Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis, configure: settings => settings with
        {
            AnswerTimeout = TimeSpan.FromMilliseconds(300),
            PersistentRedis = settings.PersistentRedis! with { Port = wire.Port },
        });
        (await server.GetAsync("/health/ready")).StatusCode.ShouldBe(200);

        wire.RefusesConnections = true;
        wire.ResetConnections();
        await WaitForStatusAsync(server, 503);
        var down = await server.GetAsync("/health/ready");
        down.Json.GetProperty("status").GetString().ShouldBe("not ready");
        var recordStore = Find(down, "token records");
        recordStore.GetProperty("state").GetString().ShouldBe("down");
        recordStore.GetProperty("error").GetString()!.ShouldStartWith("The token record store is not available");
        Find(down, "token list").GetProperty("state").GetString().ShouldBe("up");
        // The response contains no addresses and credentials.
        foreach (var secret in (string[])["127.0.0.1", $"{wire.Port}", server.Deployment.DatabaseName!, "assword"])
            down.Body.ShouldNotContain(secret);
        (await server.GetAsync("/health/live")).StatusCode.ShouldBe(200);
        server.Logs.Lines.Count(line => line.GetProperty("event").GetString() == "token records is down").ShouldBe(1);

        wire.RefusesConnections = false;
        await WaitForStatusAsync(server, 200);
        server.Logs.Single("token records is up again");
    }

    /// <summary>
    /// In cluster mode the records are in Redis: forward authentication continues to work without the token index, so the node stays ready.
    /// </summary>
    [Fact]
    public async Task A_cluster_without_its_token_index_is_ready_and_reports_the_failure()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var wire = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings with
        {
            DatabaseConnection = new Secret(new Npgsql.NpgsqlConnectionStringBuilder(
                settings.DatabaseConnection!.Reveal())
            { Port = wire.Port }.ConnectionString),
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("ann", "read:all,user:token")).Record.Token);
        wire.RefusesConnections = true;
        wire.ResetConnections();
        await RealServers.WaitUntilAsync(
            async () => Find(await server.GetAsync("/health/ready"), "token list").GetProperty("state").GetString()
                .ShouldBe("down"), "the token index to be reported as down");
        (await server.GetAsync("/health/ready")).StatusCode.ShouldBe(200);
        (await server.GetAsync(
            "/ingress/auth?scope=read:all", bearer, ("X-Original-URL", "https://example.com/"),
            ("X-Original-Method", "GET"))).StatusCode.ShouldBe(200);
        (await server.GetAsync("/auth/api/v1/users/ann/tokens", bearer)).StatusCode.ShouldBe(503);
    }

    /// <summary>Requests that cannot be counted are allowed, so the node stays ready.</summary>
    [Fact]
    public async Task Without_its_ephemeral_Redis_a_server_is_ready_and_reports_the_failure()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var server = await TestServer.StartAsync(
            Mode.Cluster, settings => settings with { EphemeralRedis = settings.EphemeralRedis! with { Port = RealServers.FreePort() } });
        var ready = await server.GetAsync("/health/ready");
        ready.StatusCode.ShouldBe(200, ready.Body);
        Find(ready, "ephemeral Redis").GetProperty("state").GetString().ShouldBe("down");
        Find(ready, "ephemeral Redis").GetProperty("required").GetBoolean().ShouldBeFalse();
    }

    /// <summary>A missing permission is reported before the first request that needs the command.</summary>
    [Fact]
    public async Task A_missing_permission_in_the_ephemeral_Redis_is_reported()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        string[] commands = ["ping", "select", "getex", "set", "eval", "evalsha", "script|load", "info", "role", "getdel", "exists",
            "incrby", "pttl", "pexpire"];
        await redis.SendAsync(
            "ACL",
            ["SETUSER", "porthor", "on", ">hidden-one", "~LIMITS:*", "~oidc:*", "+client|setname", "+client|id",
                .. commands.Select(command => $"+{command}")]);
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis, configure: settings =>
            OpenIdConnect.OpenIdServers.WithProvider(settings) with
            {
                EphemeralRedis = settings.EphemeralRedis! with { User = "porthor", Password = new Secret("hidden-one") },
            });
        await WaitForStateAsync("up", command: null);
        foreach (var command in (string[])["incrby", "pttl", "pexpire", "evalsha", "set", "getex", "getdel", "ping"])
        {
            await redis.SendAsync("ACL", "SETUSER", "porthor", $"-{command}");
            await WaitForStateAsync("down", command);
            await redis.SendAsync("ACL", "SETUSER", "porthor", $"+{command}");
            await WaitForStateAsync("up", command: null);
        }

        Task WaitForStateAsync(string state, string? command) => RealServers.WaitUntilAsync(
            async () =>
            {
                var dependency = Find(await server.GetAsync("/health/ready"), "ephemeral Redis");
                dependency.GetProperty("state").GetString().ShouldBe(state, dependency.GetRawText());
                if (command is null)
                    return;
                dependency.GetProperty("error").GetString()!.ShouldContain("NOPERM");
                dependency.GetProperty("error").GetString()!.ShouldContain(command);
            },
            $"the state {state} {command}");
    }

    /// <summary>Many readiness requests must not keep the stores busy.</summary>
    [Fact]
    public async Task Concurrent_readiness_requests_share_one_check()
    {
        var checks = 0;
        var clock = new FakeTimeProvider();
        var readiness = new Readiness(
            [new Dependency("counted", Required: true, _ => Task.FromResult(Interlocked.Increment(ref checks)))],
            clock,
            TimeSpan.FromSeconds(10),
            NullLogger<Readiness>.Instance);
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => readiness.CheckAsync()));
        checks.ShouldBe(1);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => readiness.CheckAsync()));
        checks.ShouldBe(2);
    }

    private static JsonElement Find(Answer answer, string name) =>
        answer.Json.GetProperty("dependencies").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);

    private static Task WaitForStatusAsync(TestServer server, int status) => RealServers.WaitUntilAsync(
        async () => (await server.GetAsync("/health/ready")).StatusCode.ShouldBe(status), $"status {status}");
}
