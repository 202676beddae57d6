using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Porthor.Redis;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>
/// Redis URLs that the reference does not support: TLS, Unix sockets, Sentinel, clusters, and the query parameters of redis-py.
/// </summary>
public sealed class RedisUrlTests : IDisposable
{
    private readonly string certificate = Path.Combine(Path.GetTempPath(), $"porthor-ca-{Guid.NewGuid():N}.pem");

    public void Dispose() => File.Delete(certificate);

    [Theory]
    [InlineData("redis://redis/1?db=3", 3)] // the parameter takes precedence over the path
    [InlineData("redis://redis?db=3", 3)]
    [InlineData("redis://redis/1?db=3&db=4", 3)]
    [InlineData("redis://redis/1?db=", 1)]
    [InlineData("REDIS://redis/1", 1)]
    [InlineData("rediss://redis/5", 5)]
    public void The_database_is_in_the_path_or_in_the_query(string url, int database) => Redis(url).Database.ShouldBe(database);

    [Theory]
    [InlineData("redis://redis?username=some-user&password=some%20word", "some-user", "some word")]
    [InlineData("redis://other:in-url@redis?username=some-user&password=some-word", "other", "in-url")]
    [InlineData("redis://a%3Ab:c%40d%2F@redis", "a:b", "c@d/")]
    [InlineData("redis://user:with:colon@redis", "user", "with:colon")]
    [InlineData("redis://user:with@at@redis", "user", "with@at")]
    [InlineData("redis://user@redis", "user", null)]
    [InlineData("unix://user:word@/run/redis.sock", "user", "word")]
    [InlineData("rediss+sentinel://user:word@redis/service", "user", "word")]
    public void Credentials_are_percent_decoded(string url, string? user, string? password)
    {
        var redis = Redis(url);
        (redis.User, redis.Password?.Reveal()).ShouldBe((user, password));
    }

    [Theory]
    [InlineData("redis://[2001:db8::1]:6380/2", "2001:db8::1", 6380)]
    [InlineData("redis://[::1]", "::1", 6379)]
    [InlineData("redis://10.0.0.7:7000", "10.0.0.7", 7000)]
    public void A_host_can_be_an_address(string url, string host, int port)
    {
        var redis = Redis(url);
        (redis.Host, redis.Port, redis.Tls).ShouldBe((host, port, null));
    }

    [Theory]
    [InlineData("unix:///run/redis/redis.sock", "/run/redis/redis.sock", 0)]
    [InlineData("unix:///run/redis.sock?db=1", "/run/redis.sock", 1)]
    [InlineData("unix:///run/a%20b.sock?db=1&password=x", "/run/a b.sock", 1)]
    public void A_Unix_socket_is_a_path(string url, string path, int database)
    {
        var redis = Redis(url);
        (redis.UnixSocket, redis.Database).ShouldBe((path, database));
    }

    [Fact]
    public void A_Sentinel_URL_has_hosts_a_service_and_separate_credentials()
    {
        var redis = Redis(
            "redis+sentinel://user:word@one:26380,two,[::1]:7/main%20one/4?sentinel_username=watcher&sentinel_password=other");
        redis.Sentinel!.Hosts.ShouldBe([new RedisHost("one", 26380), new RedisHost("two", 26379), new RedisHost("::1", 7)]);
        (redis.Sentinel.Service, redis.Sentinel.User, redis.Sentinel.Password!.Reveal()).ShouldBe(("main one", "watcher", "other"));
        (redis.Database, redis.User, redis.Password!.Reveal(), redis.Tls).ShouldBe((4, "user", "word", null));
        Redis("rediss+sentinel://one/main").Tls.ShouldNotBeNull();
        Redis("redis+sentinel://one/main").Database.ShouldBe(0);
        Redis("redis+sentinel://one/main?db=2").Database.ShouldBe(2);
    }

    [Fact]
    public void A_cluster_has_hosts_and_one_database()
    {
        var redis = Redis("redis+cluster://user:word@one,two:7000");
        redis.ClusterHosts.ShouldBe([new RedisHost("one", 6379), new RedisHost("two", 7000)]);
        (redis.User, redis.Password!.Reveal(), redis.Database).ShouldBe(("user", "word", 0));
        Redis("rediss+cluster://one/0").Tls.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("unix://run/redis.sock", "must be unix:///PATH[?db=DATABASE]")]
    [InlineData("unix:///", "must be unix:///PATH[?db=DATABASE]")]
    [InlineData("redis+sentinel://one", "must be redis+sentinel://HOST[:PORT][,HOST...]/SERVICE[/DATABASE]")]
    [InlineData("redis+sentinel:///main", "must be redis+sentinel://HOST[:PORT][,HOST...]/SERVICE[/DATABASE]")]
    [InlineData("redis+sentinel://one,/main", "must be redis+sentinel://HOST[:PORT][,HOST...]/SERVICE[/DATABASE]")]
    [InlineData("redis+sentinel://one/main/first", "must be redis+sentinel://HOST[:PORT][,HOST...]/SERVICE[/DATABASE]")]
    [InlineData("redis+cluster://one/1", "must be redis+cluster://HOST[:PORT][,HOST...]; a cluster has only database 0")]
    [InlineData("redis+cluster://one?db=1", "must be redis+cluster://HOST[:PORT][,HOST...]; a cluster has only database 0")]
    [InlineData("redis+cluster://", "must be redis+cluster://HOST[:PORT][,HOST...]; a cluster has only database 0")]
    [InlineData("redis://redis?ssl=true",
        "has the parameter 'ssl', which needs TLS; begin the URL with rediss://")]
    [InlineData("redis://redis?ssl_cert_reqs=none",
        "has the parameter 'ssl_cert_reqs', which needs TLS; begin the URL with rediss://")]
    [InlineData("rediss://redis?ssl=true", "has the unknown parameter 'ssl'")]
    [InlineData("redis://redis?dbs=3", "has the unknown parameter 'dbs'")]
    [InlineData("redis://redis?DB=3", "has the unknown parameter 'DB'")]
    [InlineData("redis://redis?sentinel_password=x", "has the unknown parameter 'sentinel_password'")]
    [InlineData("redis://redis?word!of=hidden", "has the unknown parameter '***'")]
    [InlineData("redis://redis?db=first", "the parameter 'db' must be the number of a database")]
    [InlineData("redis://redis?db=-1", "the parameter 'db' must be the number of a database")]
    [InlineData("redis://redis?socket_connect_timeout=soon", "the parameter 'socket_connect_timeout' must be between 0.1 and 30 seconds")]
    [InlineData("redis://redis?socket_connect_timeout=1e9", "the parameter 'socket_connect_timeout' must be between 0.1 and 30 seconds")]
    [InlineData("rediss://redis?ssl_cert_reqs=maybe", "the parameter 'ssl_cert_reqs' must be none, optional or required")]
    [InlineData("rediss://redis?ssl_min_version=769", "the parameter 'ssl_min_version' must be 771 (TLS 1.2) or 772 (TLS 1.3)")]
    [InlineData("rediss://redis?ssl_ciphers=NULL", "has the parameter 'ssl_ciphers', which Porthor does not support")]
    [InlineData("rediss://redis?ssl_keyfile=/key", "the parameter 'ssl_keyfile' needs 'ssl_certfile'")]
    public void An_unusable_URL_is_rejected(string url, string problem) =>
        Errors(Cluster.Replace("redis://redis.example.com/0", url)).ShouldBe([$"redisPersistentUrl: {problem}"]);

    [Fact]
    public void A_missing_certificate_file_is_named()
    {
        var errors = Errors(Cluster.Replace("redis://redis.example.com/0", $"rediss://redis?ssl_ca_certs={certificate}"));
        errors.Single().ShouldStartWith("redisPersistentUrl: the parameter 'ssl_ca_certs': ");
        errors.Single().ShouldContain(certificate);
    }

    [Fact]
    public void Parameters_without_effect_are_reported_and_others_are_applied()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificate, authority.ExportCertificatePem());
        var settings = Load(Cluster.Replace(
            "redis://redis.example.com/0",
            $"rediss://redis?ssl_ca_certs={certificate}&ssl_check_hostname=False&ssl_min_version=772"
                + "&socket_connect_timeout=0.5&client_name=node-1&socket_timeout=5&health_check_interval=10&max_connections=5&protocol=3"));
        var redis = settings.PersistentRedis!;
        redis.Tls!.Authorities!.Count.ShouldBe(1);
        (redis.Tls.CheckHostName, redis.Tls.CheckCertificate, redis.ConnectTimeout, redis.ClientName).ShouldBe(
            (false, true, TimeSpan.FromSeconds(0.5), "node-1"));
        redis.IgnoredParameters.ShouldBe(["socket_timeout", "health_check_interval", "max_connections", "protocol"]);
        SettingsWarnings.Of(settings).ShouldContain(
            "redisPersistentUrl has parameters without effect in Porthor: socket_timeout, health_check_interval, max_connections, "
                + "protocol. answerTimeout limits every call.");
    }

    [Fact]
    public void Options_print_no_secret()
    {
        var shown = Redis("redis+sentinel://user:hidden-1@one/main?sentinel_password=hidden-2").ToString();
        shown.ShouldNotContain("hidden");
    }

    private static RedisOptions Redis(string url) => Load(Cluster.Replace("redis://redis.example.com/0", url)).PersistentRedis!;
}
