using System.Net;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Porthor.Redis;

/// <summary>
/// Directs each connection to the primary that Sentinel reports. A Sentinel server is used only if it reaches enough of the others to
/// elect another primary: an isolated one does not detect a failover. The Sentinel servers that are used must agree.
/// </summary>
internal sealed partial class SentinelTunnel : Tunnel, IAsyncDisposable
{
    /// <summary>The time to wait for a Sentinel server if another one has responded.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(250);

    /// <summary>The reason in the readiness response, which contains no addresses. The log contains the details.</summary>
    private const string NoPrimary = "no Sentinel server that reaches its quorum names a primary, or they name different ones";

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

    /// <summary>Returns the reason for which no primary is known; null if one is known.</summary>
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
        // The library ends the attempt after the connect timeout, and ignores an exception of this method.
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(connectTimeout * 0.7);
        while (true)
        {
            var (primary, reason) = await FindPrimaryAsync();
            Report(reason);
            if (primary is not null)
                return current = primary;
            await Task.Delay(Pause, enough.Token);
        }
    }

    /// <summary>Returns null if Sentinel reports the connected server as the primary, and otherwise the difference.</summary>
    public async Task<string?> FindDissentAsync()
    {
        var (primary, reason) = await FindPrimaryAsync();
        Report(reason);
        if (primary is null)
            return NoPrimary;
        return primary.Equals(current) ? null : "Sentinel names another server as the primary";
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
        var asking = servers.Select(AskAsync).ToArray();
        await Task.WhenAny(Task.WhenAll(asking), Task.Delay(AnswerTime));
        var answers = asking.Select((task, index) => task.IsCompletedSuccessfully
            ? task.Result
            : (null, $"Sentinel at {servers[index].Address} is not responding")).ToArray();
        var named = answers.Select(answer => answer.Item1).OfType<EndPoint>().Distinct().ToArray();
        return named switch
        {
            [var one] => (one, null),
            [] => (null, string.Join("; ", answers.Select(answer => answer.Item2))),
            _ => (null, $"the Sentinel servers name different primaries of '{service}': {string.Join(", ", named.AsEnumerable())}"),
        };
    }

    private async Task<(EndPoint?, string?)> AskAsync(DiscoveryConnection server)
    {
        try
        {
            var address = server.AskAsync(ServerCommands.Sentinel, "GET-MASTER-ADDR-BY-NAME", service);
            var quorum = server.AskAsync(ServerCommands.Sentinel, "CKQUORUM", service);
            await Task.WhenAll(address, quorum);
            var reply = await address;
            if (reply.IsNull || reply.Length != 2)
                return (null, $"Sentinel at {server.Address} knows no service '{service}'");
            return (new RedisHost((string)reply[0]!, (int)reply[1]).ToEndPoint(), null);
        }
        catch (RedisServerException e)
        {
            return (null, $"Sentinel at {server.Address}: {e.Message}");
        }
        catch (Exception e) when (RedisServer.IsOurs(e))
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
