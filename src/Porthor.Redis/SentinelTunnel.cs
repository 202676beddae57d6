using System.Net;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Porthor.Redis;

/// <summary>
/// Directs each connection to the primary that Sentinel reports. The response of a Sentinel server is used only if the server can reach
/// enough other Sentinel servers for a failover (its quorum), because an isolated Sentinel server does not detect a failover. All responses
/// that are used must contain the same primary.
/// </summary>
internal sealed partial class SentinelTunnel : Tunnel, IAsyncDisposable
{
    /// <summary>The maximum time to wait for the responses of all Sentinel servers.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>The reason in the readiness response, which contains no addresses. The log contains the details.</summary>
    private const string NoPrimary = "no Sentinel server with a quorum reports a primary, or they report different primaries";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly DiscoveryConnection[] servers;
    private readonly string service;
    private readonly TimeSpan connectTimeout;
    private readonly ILogger logger;
    private volatile EndPoint? current;
    private string? problem;

    public SentinelTunnel(RedisOptions options, ConfigurationOptions configuration, ILogger logger)
    {
        var sentinel = options.Sentinel!;
        this.logger = logger;
        service = sentinel.Service;
        connectTimeout = TimeSpan.FromMilliseconds(configuration.ConnectTimeout);
        var access = options with { Sentinel = null, Database = 0, User = sentinel.User, Password = sentinel.Password };
        servers =
        [
            .. sentinel.Hosts.Select(host => host.ToEndPoint())
                .Select(host => new DiscoveryConnection(host, access.ToConfiguration(host))),
        ];
        if (options.Tls is { } tls)
            configuration.SslClientAuthenticationOptions = _ => tls.Authentication(HostOf(current));
    }

    /// <summary>Returns the primary of the current connection; null before the first connection.</summary>
    public EndPoint? Current => current;

    /// <summary>Returns the reason why no primary is known; null if a primary is known.</summary>
    public string? Problem => problem is null ? null : NoPrimary;

    /// <summary>Returns the host of an address, as certificates contain it.</summary>
    internal static string HostOf(EndPoint? endPoint) => endPoint switch
    {
        DnsEndPoint name => name.Host,
        IPEndPoint address => address.Address.ToString(),
        _ => "",
    };

    public override async ValueTask<EndPoint?> GetSocketConnectEndpointAsync(EndPoint endpoint, CancellationToken cancellationToken)
    {
        // The driver ends the attempt after the connect timeout, and ignores an exception of this method.
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(connectTimeout * 0.7);
        while (true)
        {
            var (primary, reason) = await FindPrimaryAsync();
            Report(reason);
            if (primary is not null)
                return current = primary;
            await Task.Delay(Pause, timeout.Token);
        }
    }

    /// <summary>
    /// Returns null if Sentinel reports the connected server as the primary, and otherwise a description of the difference.
    /// </summary>
    public async Task<string?> FindDifferenceAsync()
    {
        var (primary, reason) = await FindPrimaryAsync();
        Report(reason);
        if (primary is null)
            return NoPrimary;
        return primary.Equals(current) ? null : "Sentinel reports another server as the primary";
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
            await server.DisposeAsync();
    }

    private void Report(string? reason)
    {
        if (Interlocked.Exchange(ref problem, reason) != reason && reason is not null)
            Log.NoPrimary(logger, service, reason);
    }

    private async Task<(EndPoint? Primary, string? Reason)> FindPrimaryAsync()
    {
        var queries = servers.Select(QueryAsync).ToArray();
        await Task.WhenAny(Task.WhenAll(queries), Task.Delay(ResponseTimeout));
        var answers = queries.Select((task, index) => task.IsCompletedSuccessfully
            ? task.Result
            : (null, $"Sentinel at {servers[index].Address} is not responding")).ToArray();
        var reported = answers.Select(answer => answer.Item1).OfType<EndPoint>().Distinct().ToArray();
        return reported switch
        {
            [var one] => (one, null),
            [] => (null, string.Join("; ", answers.Select(answer => answer.Item2))),
            _ => (null, $"the Sentinel servers report different primaries of '{service}': {string.Join(", ", reported.AsEnumerable())}"),
        };
    }

    private async Task<(EndPoint?, string?)> QueryAsync(DiscoveryConnection server)
    {
        try
        {
            var address = server.QueryAsync(ServerCommands.Sentinel, "GET-MASTER-ADDR-BY-NAME", service);
            var quorum = server.QueryAsync(ServerCommands.Sentinel, "CKQUORUM", service);
            await Task.WhenAll(address, quorum);
            var reply = await address;
            if (reply.IsNull || reply.Length != 2)
                return (null, $"Sentinel at {server.Address} has no service '{service}'");
            return (new RedisHost((string)reply[0]!, (int)reply[1]).ToEndPoint(), null);
        }
        catch (RedisServerException e)
        {
            return (null, $"Sentinel at {server.Address}: {e.Message}");
        }
        catch (Exception e) when (RedisServer.IsDriverError(e))
        {
            return (null, $"Sentinel at {server.Address} is not available");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "No primary of the Sentinel service '{Service}' is known: {Reason}")]
        public static partial void NoPrimary(ILogger logger, string service, string reason);
    }
}
