using System.Collections.Concurrent;
using System.Net;

namespace Porthor.Server.Http;

/// <summary>
/// Logs once per peer that its headers are ignored or rejected. At most <see cref="MaxPeers"/> peers are logged until the next start,
/// because every client that can connect can cause these lines.
/// </summary>
internal sealed partial class PeerWarnings(ILogger<PeerWarnings> logger)
{
    public const int MaxPeers = 100;

    private readonly ConcurrentDictionary<IPAddress, byte> ignored = new();
    private readonly ConcurrentDictionary<IPAddress, byte> refused = new();

    /// <summary>Logs that the <c>X-Forwarded-*</c> headers of a peer were ignored.</summary>
    public void Ignored(IPAddress peer)
    {
        if (IsFirst(ignored, peer))
            Log.Ignored(logger, $"{peer} is not a trusted proxy. If it is your proxy, add its address to the setting proxies.");
    }

    /// <summary>Logs that a request with the <c>X-Original-*</c> headers of a peer was denied.</summary>
    public void Refused(IPAddress peer)
    {
        if (IsFirst(refused, peer))
            Log.Refused(logger, $"{peer} is not a trusted proxy. If it is your proxy, add its address to the setting proxies.");
    }

    private static bool IsFirst(ConcurrentDictionary<IPAddress, byte> known, IPAddress peer) =>
        !known.ContainsKey(peer) && known.Count < MaxPeers && known.TryAdd(peer, 0);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Ignoring forwarded headers")]
        public static partial void Ignored(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Denying authorization subrequest of an untrusted peer")]
        public static partial void Refused(ILogger logger, string error);
    }
}
