using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Redis;

/// <summary>Redis over TLS, over a Unix socket, and with a user that has minimal permissions.</summary>
public sealed class RedisConnectionTests
{
    /// <summary>The permissions for the record store in docs/operators/redis.md.</summary>
    private static readonly string[] Permissions = ["ping", "select", "getex", "get", "mget", "set", "del", "scan", "eval", "evalsha",
        "script|load", "info", "role", "getdel", "exists"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Redis_is_used_over_TLS_with_a_private_CA()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await TlsSite.CreateAsync();
        await ShouldWorkAsync(site.Redis, options => options
            with { Host = "localhost", Port = site.Redis.TlsPort, Tls = new RedisTlsOptions { Authorities = [site.Authority] } });
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

    [Fact]
    public async Task The_permissions_in_the_documentation_are_sufficient()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await PermitAsync(redis, Permissions);
        await ShouldWorkAsync(redis, WithUser);
        (await redis.SendAsync("ACL", "LOG")).ShouldBe("0 element(s)");
    }

    /// <summary>If a required command is not permitted, the reason names it. Without an optional command Porthor is ready.</summary>
    [Theory]
    [InlineData("info", null)]
    [InlineData("role", null)]
    [InlineData("info,role", null)]
    [InlineData("getex", null)]
    [InlineData("get", "NOPERM")]
    [InlineData("ping", "NOPERM")]
    [InlineData("select", "NOPERM")]
    [InlineData("del", "NOPERM")]
    [InlineData("evalsha", "NOPERM")]
    [InlineData("set", "NOPERM")]
    public async Task A_missing_permission_is_named_if_the_command_is_required(string missing, string? reason)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await PermitAsync(redis, Permissions.Except(missing.Split(',')));
        if (reason is null)
        {
            var logs = await ShouldWorkAsync(redis, WithUser);
            if (missing.StartsWith("info", StringComparison.Ordinal))
                logs.Lines.ShouldContain(
                    line => line.Message.Contains("does not permit INFO", StringComparison.Ordinal)
                        && line.Message.Contains("NOPERM", StringComparison.Ordinal));
        }
        else
        {
            await ShouldFailAsync(redis, WithUser, reason, missing);
        }
    }

    private static RedisOptions WithUser(RedisOptions options) =>
        options with { Database = 7, User = "porthor", Password = new Secret("hidden-one") };

    private static Task PermitAsync(RedisServerProcess redis, IEnumerable<string> commands) => redis.SendAsync(
        "ACL",
        ["SETUSER", "porthor", "on", ">hidden-one", "~token:*", "~quota-overrides", "~LIMITS:*", "~oidc:*", "~porthor:once:*",
            "+client|setname", "+client|id", .. commands.Select(command => $"+{command}"), "+incrby", "+pttl", "+pexpire"]);

    private static async Task<CapturedLogs> ShouldWorkAsync(RedisServerProcess redis, Func<RedisOptions, RedisOptions> change)
    {
        var logs = new CapturedLogs();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        deployment.Settings = deployment.Settings with {
            PersistentRedis = change(deployment.Settings.PersistentRedis!), EphemeralRedis = change(deployment.Settings.EphemeralRedis!) };
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

    /// <summary>A Redis server with a certificate for localhost.</summary>
    private sealed record TlsSite(RedisServerProcess Redis, X509Certificate2 Authority) : IAsyncDisposable
    {
        public static async Task<TlsSite> CreateAsync()
        {
            var folder = Directory.CreateTempSubdirectory("porthor-tls-").FullName;
            var authority = CreateAuthority();
            using var key = RSA.Create(2048);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(names.Build());
            using var certificate = request.Create(
                authority, DateTimeOffset.UtcNow.AddMinutes(-4), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
            string[] files = [Path.Combine(folder, "ca.pem"), Path.Combine(folder, "server.pem"), Path.Combine(folder, "key.pem")];
            await File.WriteAllTextAsync(files[0], authority.ExportCertificatePem());
            await File.WriteAllTextAsync(files[1], certificate.ExportCertificatePem());
            await File.WriteAllTextAsync(files[2], key.ExportPkcs8PrivateKeyPem());
            var redis = await RedisServerProcess.StartOwnAsync(
                "--tls-port", "{tls-port}", "--tls-ca-cert-file", files[0], "--tls-cert-file", files[1], "--tls-key-file", files[2],
                "--tls-auth-clients", "no");
            return new TlsSite(redis, authority);
        }

        public static X509Certificate2 CreateAuthority()
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=Authority of a site", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(
                new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        }

        public async ValueTask DisposeAsync()
        {
            await Redis.DisposeAsync();
            Authority.Dispose();
        }
    }
}
