using System.Net;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents a connection that is used only to query which other servers exist, never to read or write data.</summary>
internal sealed class DiscoveryConnection(EndPoint endPoint, ConfigurationOptions configuration) : IAsyncDisposable
{
    // Connects in the background, because an attempt to connect to a server that does not respond takes long.
    private readonly Task<ConnectionMultiplexer> connecting = Task.Run(() => ConnectionMultiplexer.ConnectAsync(configuration));

    public EndPoint EndPoint => endPoint;

    public string Address => endPoint switch
    {
        DnsEndPoint name => $"{name.Host}:{name.Port}",
        _ => $"{endPoint}",
    };

    public async Task<RedisResult> QueryAsync(string command, params object[] arguments)
    {
        var connection = await connecting;
        return await connection.GetDatabase().ExecuteAsync(command, arguments);
    }

    public async ValueTask DisposeAsync() => await (await connecting).DisposeAsync();
}
