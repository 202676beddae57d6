using System.Net;
using System.Net.Sockets;
using Porthor.Secrets;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Represents the options for one logical database of Redis or Valkey: on one server, on the primary that Sentinel names, or in a cluster.
/// </summary>
public sealed record RedisOptions
{
    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 6379;

    /// <summary>The path of a Unix socket, which is used instead of <see cref="Host"/> and <see cref="Port"/>; null for TCP.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>The Sentinel servers that name the primary; null if the server is given directly.</summary>
    public RedisSentinelOptions? Sentinel { get; init; }

    /// <summary>Some nodes of a Redis Cluster, which name the others; empty if there is no cluster.</summary>
    public IReadOnlyList<RedisHost> ClusterHosts { get; init; } = [];

    public int Database { get; init; }

    /// <summary>The name of an ACL user; null for the default user.</summary>
    public string? User { get; init; }

    public Secret? Password { get; init; }

    /// <summary>Null for connections without TLS.</summary>
    public RedisTlsOptions? Tls { get; init; }

    /// <summary>The name that <c>CLIENT LIST</c> shows.</summary>
    public string ClientName { get; init; } = "porthor";

    /// <summary>The time limit of a connection attempt; null for <see cref="CallTimeout"/>.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>How long any call may take before the answer is "not available".</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The parameters of the URL that have no effect here.</summary>
    public IReadOnlyList<string> IgnoredParameters { get; init; } = [];

    /// <summary>
    /// The server of these options. With Sentinel this is only a placeholder: <see cref="SentinelTunnel"/> replaces it whenever
    /// a connection is made.
    /// </summary>
    internal EndPoint EndPoint => UnixSocket is not null ? new UnixDomainSocketEndPoint(UnixSocket)
        : Sentinel is not null ? new DnsEndPoint("primary", Port)
        : new RedisHost(Host, Port).ToEndPoint();

    /// <summary>Returns the driver's configuration for one server.</summary>
    internal ConfigurationOptions ToConfiguration(EndPoint server)
    {
        var milliseconds = (int)CallTimeout.TotalMilliseconds;
        var configuration = new ConfigurationOptions
        {
            EndPoints = { server },
            DefaultDatabase = Database,
            User = User,
            Password = Password?.Reveal(),
            ClientName = ClientName,
            // For the commands that query the state of a server.
            AllowAdmin = true,
            // A server that is away at the start may come; until then calls fail at once.
            AbortOnConnectFail = false,
            ConnectTimeout = ConnectTimeout is { } limit ? (int)limit.TotalMilliseconds : milliseconds,
            AsyncTimeout = milliseconds,
            SyncTimeout = milliseconds,
            // Nothing is sent later than it was asked for: a write that arrives after its caller gave up is a write that nobody expects.
            BacklogPolicy = BacklogPolicy.FailFast,
            HeartbeatInterval = TimeSpan.FromMilliseconds(250),
            ReconnectRetryPolicy = new LinearRetry(250),
            CommandMap = ServerCommands.Map,
            Protocol = RedisProtocol.Resp2,
            TieBreaker = "",
            ConfigurationChannel = "",
            // CLIENT SETINFO, which Redis 7.0 does not have.
            SetClientLibrary = false,
        };
        Tls?.ApplyTo(configuration);
        return configuration;
    }
}

/// <summary>A host name or an IP address, and a port.</summary>
public readonly record struct RedisHost(string Host, int Port)
{
    /// <summary>Gets the address in the form that the driver expects.</summary>
    public EndPoint ToEndPoint() =>
        IPAddress.TryParse(Host, out var address) ? new IPEndPoint(address, Port) : new DnsEndPoint(Host, Port);

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>
/// Represents the Sentinel servers that name the primary (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
/// </summary>
public sealed record RedisSentinelOptions
{
    public required IReadOnlyList<RedisHost> Hosts { get; init; }

    /// <summary>The name of the primary in Sentinel's configuration.</summary>
    public required string Service { get; init; }

    /// <summary>The ACL user for the Sentinel servers themselves; null for the default user.</summary>
    public string? User { get; init; }

    public Secret? Password { get; init; }
}
