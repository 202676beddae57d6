using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class StoreUrlTests
{
    [Theory]
    [InlineData("redis://redis.example.com/0", "redis.example.com", 6379, 0, null, null)]
    [InlineData("redis://redis.example.com:6380/15", "redis.example.com", 6380, 15, null, null)]
    [InlineData("redis://redis.example.com", "redis.example.com", 6379, 0, null, null)]
    [InlineData("redis://redis.example.com/", "redis.example.com", 6379, 0, null, null)]
    [InlineData("redis:///3", "localhost", 6379, 3, null, null)]
    [InlineData("redis://:in%2Furl@redis/1", "redis", 6379, 1, null, "in/url")]
    [InlineData("redis://some%40user:in-url@redis/1", "redis", 6379, 1, "some@user", "in-url")] // deviations 17
    public void Redis_is_a_URL(string url, string host, int port, int database, string? user, string? password)
    {
        var redis = Load(Cluster.Replace("redis://redis.example.com/0", url)).PersistentRedis!;
        (redis.Host, redis.Port, redis.Database, redis.User, redis.Password?.Reveal()).ShouldBe((host, port, database, user, password));
    }

    [Theory]
    [InlineData("redis.example.com")]
    [InlineData("redis:redis.example.com")]
    [InlineData("redis://one,two/0")]
    [InlineData("redis://redis:0/0")]
    [InlineData("redis://redis:65536/0")]
    [InlineData("redis://redis:port/0")]
    [InlineData("redis://2001:db8::1/0")]
    [InlineData("redis://[redis]/0")]
    [InlineData("redis://[2001:db8::1/0")]
    [InlineData("redis://re dis/0")]
    [InlineData("redis://:pass#word@redis/0")]
    [InlineData("http://redis/0")]
    [InlineData("redis://redis.example.com/first")]
    [InlineData("redis://redis.example.com/-1")]
    [InlineData("redis://redis.example.com/0/1")]
    public void An_invalid_Redis_URL_is_rejected(string url) =>
        Errors(Cluster.Replace("redis://redis.example.com/0", url)).ShouldBe([RedisWanted]);
}
