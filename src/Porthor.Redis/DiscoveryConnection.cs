using System.Net;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents a connection for queries about other servers. It is never used for data.</summary>
internal sealed class DiscoveryConnection(EndPoint endPoint, ConfigurationOptions configuration) : IAsyncDisposable
{
    // The connection attempt waits for servers that do not respond, so no caller waits for it.
    private readonly Task<ConnectionMultiplexer> connecting = Task.Run(() => ConnectionMultiplexer.ConnectAsync(configuration));

    public EndPoint EndPoint => endPoint;

    public string Address => endPoint switch
    {
        DnsEndPoint name => $"{name.Host}:{name.Port}",
        _ => $"{endPoint}",
    };

    public async Task<RedisResult> AskAsync(string command, params object[] arguments)
    {
        var connection = await connecting;
        return await connection.GetDatabase().ExecuteAsync(command, arguments);
    }

    public async ValueTask DisposeAsync() => await (await connecting).DisposeAsync();
}
