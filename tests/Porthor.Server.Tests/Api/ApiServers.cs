using System.Collections.Concurrent;
using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>The servers of a test class, one for each mode. A server is started at its first use and shared by the class.</summary>
public class ApiServers : IAsyncLifetime
{
    private readonly ConcurrentDictionary<Mode, Lazy<Task<ApiServer>>> servers = new();

    internal Task<ApiServer> GetAsync(Mode mode) =>
        servers.GetOrAdd(mode, key => new Lazy<Task<ApiServer>>(() => ApiServer.StartAsync(key, Configure))).Value;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.Values)
            await (await server.Value).DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Changes the settings of these servers.</summary>
    internal virtual PorthorSettings Configure(PorthorSettings settings) => settings;
}

/// <summary>A server for tests of the API: paths relative to the prefix, its own clock, and a search for leaked secrets.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    public const string Prefix = "/auth/api/v1";

    /// <summary>With a fraction of a second, which no stored time may keep.</summary>
    private static readonly DateTimeOffset Begin = new(2026, 7, 1, 12, 0, 0, 750, TimeSpan.Zero);

    private ApiServer(TestServer host, ManualClock clock)
    {
        Host = host;
        Clock = clock;
    }

    public TestServer Host { get; }

    /// <summary>The clock, shared by all tests of a class. Tests can advance it and must not rely on its initial value.</summary>
    public ManualClock Clock { get; }

    public SecretLeakDetector LeakDetector => Host.LeakDetector;

    public Mode Mode => Host.Deployment.Mode;

    public (string, string) Bootstrap => Host.Bootstrap;

    /// <summary>The current time in seconds since the epoch.</summary>
    public long Now => Clock.GetUtcNow().ToUnixTimeSeconds();

    public static async Task<ApiServer> StartAsync(
        Mode mode, Func<PorthorSettings, PorthorSettings>? configure = null, RedisServerProcess? ownRedis = null)
    {
        var clock = new ManualClock(Begin);
        return new ApiServer(await TestServer.StartAsync(mode, configure, clock, ownRedis), clock);
    }

    /// <summary>Sends a request with an unmodified path.</summary>
    public Task<Answer> SendAsync(HttpMethod method, string path, object? json = null, params (string Name, string Value)[] headers) =>
        Host.SendAsync(method, path, headers, json);

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Get, Prefix + path, json: null, headers);

    public Task<Answer> PostAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, Prefix + path, json, headers);

    public Task<Answer> PatchAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Patch, Prefix + path, json, headers);

    public Task<Answer> PutAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Put, Prefix + path, json, headers);

    public Task<Answer> DeleteAsync(string path, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Delete, Prefix + path, json: null, headers);

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
