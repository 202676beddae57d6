using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Redis;

/// <summary>Redis over TLS, over a Unix socket, and with a user that has minimal permissions.</summary>
public sealed partial class RedisConnectionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Redis_is_used_over_TLS_with_a_private_CA()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await TlsSite.CreateAsync();
        await ShouldWorkAsync(site.Redis, options => options
            with
        { Host = "localhost", Port = site.Redis.TlsPort, Tls = new RedisTlsOptions { Authorities = [site.Authority] } });
    }

    [Fact]
    public async Task An_untrusted_certificate_or_one_of_another_host_is_rejected()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await TlsSite.CreateAsync();
        using var other = TlsSite.CreateAuthority();
        RedisTlsOptions trusted = new() { Authorities = [site.Authority] };
        foreach (var (host, tls) in new[] {
            ("localhost", new RedisTlsOptions()), ("localhost", new() { Authorities = [other] }), ("127.0.0.1", trusted) })
            await ShouldFailAsync(site.Redis, options => options with { Host = host, Port = site.Redis.TlsPort, Tls = tls }, "certificate");
        foreach (var tls in new[] { trusted with { CheckHostName = false }, new() { CheckCertificate = false } })
            await ShouldWorkAsync(site.Redis, options => options with { Host = "127.0.0.1", Port = site.Redis.TlsPort, Tls = tls });
        // With TLS configured, Porthor does not connect to a server without TLS.
        await ShouldFailAsync(site.Redis, options => options with { Host = "localhost", Port = site.Redis.Port, Tls = trusted }, "");
    }

    [Fact]
    public async Task Redis_is_used_through_a_Unix_socket()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync("--unixsocket", "{folder}/redis.sock");
        await ShouldWorkAsync(redis, options => options with { UnixSocket = Path.Combine(redis.Folder, "redis.sock"), Port = 1 });
    }

    [Fact]
    public async Task A_wrong_password_is_reported_as_the_reason()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartWithPasswordAsync("hidden-two");
        await ShouldWorkAsync(redis, options => options with { Password = new Secret("hidden-two") });
        await ShouldFailAsync(redis, options => options with { Password = new Secret("hidden-three") }, "WRONGPASS");
        await ShouldFailAsync(redis, options => options, "NOAUTH");
    }

    private static async Task<CapturedLogs> ShouldWorkAsync(RedisServerProcess redis, Func<RedisOptions, RedisOptions> change)
    {
        var logs = new CapturedLogs();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        deployment.Settings = deployment.Settings with
        {
            PersistentRedis = change(deployment.Settings.PersistentRedis!),
            EphemeralRedis = change(deployment.Settings.EphemeralRedis!)
        };
        var node = await deployment.OpenNodeAsync(loggers: logs);
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var token = await node.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("some", ScopeSet.Of("read:all"), null));
        await node.Tokens.ModifyTokenAsync(
            token.Key, TokenBuilders.Administrator(node.Clock), "some-user", new TokenEdit { Scopes = ScopeSet.Empty });
        (await node.Tokens.GetDataAsync(token))!.Scopes.ShouldBe(ScopeSet.Empty);
        await node.Tokens.DeleteTokenAsync(token.Key, session, "some-user");
        (await node.Tokens.GetDataAsync(token)).ShouldBeNull();
        (await node.Audit.RunAsync(fix: true).ToListAsync()).ShouldBeEmpty();
        (await node.OneTimeValues.TryAddAsync("some", [1], TimeSpan.FromMinutes(1), Cancellation)).ShouldBeTrue();
        (await node.OneTimeValues.TryAddAsync("some", [2], TimeSpan.FromMinutes(1), Cancellation)).ShouldBeFalse();
        (await node.OneTimeValues.ContainsAsync("some", Cancellation)).ShouldBeTrue();
        (await node.OneTimeValues.TakeAsync("some", Cancellation)).ShouldBe([1]);
        await RealServers.WaitUntilAsync(
            () => node.RateCounter.CountAsync(new RateKey("some-user", "service", 10), Cancellation), "the counter");
        return logs;
    }

    private static async Task ShouldFailAsync(RedisServerProcess redis, Func<RedisOptions, RedisOptions> change, params string[] reasons)
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var settings = deployment.Settings with { PersistentRedis = change(deployment.Settings.PersistentRedis!) };
        using var logs = new CapturedLogs();
        await using var core = PorthorDeployment.Open(settings, logs, TimeProvider.System);
        await StartupValidation.ForServerAsync(core, Cancellation);
        await RealServers.WaitUntilAsync(
            async () =>
            {
                var failure = await Should.ThrowAsync<StoreUnavailableException>(() => core.RecordStore.CheckAsync(Cancellation));
                foreach (var reason in reasons)
                    failure.What.ShouldContain(reason);
            },
            $"the reason {string.Join(' ', reasons)}");
        logs.Lines.ShouldContain(line => reasons.All(reason => line.Message.Contains(reason, StringComparison.Ordinal)));
        logs.Lines.ShouldAllBe(line => !line.Message.Contains("hidden", StringComparison.Ordinal));
    }
}
