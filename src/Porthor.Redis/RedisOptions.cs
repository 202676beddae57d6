using System.Net;
using System.Net.Sockets;
using Porthor.Secrets;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Represents the options for one logical database of Redis or Valkey: on one server, on the primary that Sentinel reports, or in a
/// cluster.
/// </summary>
public sealed record RedisOptions
{
    /// <summary>The host of the server.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>The port of the server.</summary>
    public int Port { get; init; } = 6379;

    /// <summary>The path of a Unix socket, which is used instead of <see cref="Host"/> and <see cref="Port"/>; null for TCP.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>The Sentinel servers that report the primary; null if the server is configured directly.</summary>
    public RedisSentinelOptions? Sentinel { get; init; }

    /// <summary>Some nodes of a Redis Cluster, which report the other nodes; empty if there is no cluster.</summary>
    public IReadOnlyList<RedisHost> ClusterHosts { get; init; } = [];

    /// <summary>The number of the logical database.</summary>
    public int Database { get; init; }

    /// <summary>The name of an ACL user; null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>The password; null for none.</summary>
    public Secret? Password { get; init; }

    /// <summary>The options for TLS; null for connections without TLS.</summary>
    public RedisTlsOptions? Tls { get; init; }

    /// <summary>The name that <c>CLIENT LIST</c> reports.</summary>
    public string ClientName { get; init; } = "porthor";

    /// <summary>The time limit of a connection attempt; null for <see cref="CallTimeout"/>.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>The time limit of a call. If it is exceeded, the store is reported as unavailable.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The parameters of the URL that Porthor ignores.</summary>
    public IReadOnlyList<string> IgnoredParameters { get; init; } = [];

    /// <summary>
    /// Returns the address of the server. With Sentinel it is a placeholder, which <see cref="SentinelTunnel"/> replaces for each
    /// connection.
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
            // The commands that query the state of a server need this option.
            AllowAdmin = true,
            // A server that is unavailable at the start may become available; until then calls fail immediately.
            AbortOnConnectFail = false,
            ConnectTimeout = ConnectTimeout is { } limit ? (int)limit.TotalMilliseconds : milliseconds,
            AsyncTimeout = milliseconds,
            SyncTimeout = milliseconds,
            // No command is queued, because a queued write could be sent after its caller has timed out.
            BacklogPolicy = BacklogPolicy.FailFast,
            HeartbeatInterval = TimeSpan.FromMilliseconds(250),
            ReconnectRetryPolicy = new LinearRetry(250),
            CommandMap = ServerCommands.Map,
            Protocol = RedisProtocol.Resp2,
            TieBreaker = "",
            ConfigurationChannel = "",
            // Redis 7.0 does not support CLIENT SETINFO.
            SetClientLibrary = false,
        };
        Tls?.ApplyTo(configuration);
        return configuration;
    }
}

/// <summary>Represents a host name or an IP address, and a port.</summary>
/// <param name="Host">The host name or the IP address.</param>
/// <param name="Port">The port.</param>
public readonly record struct RedisHost(string Host, int Port)
{
    /// <summary>Returns the address in the form that the driver requires.</summary>
    public EndPoint ToEndPoint() =>
        IPAddress.TryParse(Host, out var address) ? new IPEndPoint(address, Port) : new DnsEndPoint(Host, Port);

    /// <summary>Returns the address as <c>HOST:PORT</c>, with brackets around an IPv6 address.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>
/// Represents the Sentinel servers that report the primary (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
/// </summary>
public sealed record RedisSentinelOptions
{
    /// <summary>The addresses of the Sentinel servers.</summary>
    public required IReadOnlyList<RedisHost> Hosts { get; init; }

    /// <summary>The name of the primary in Sentinel's configuration.</summary>
    public required string Service { get; init; }

    /// <summary>The ACL user for the Sentinel servers; null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>The password for the Sentinel servers; null for none.</summary>
    public Secret? Password { get; init; }
}
