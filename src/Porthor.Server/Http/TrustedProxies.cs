using System.Net;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Determines the peers whose forwarded headers are accepted: those of the setting <c>proxies</c>, or loopback if it is not set. A peer on
/// a Unix socket has no address and is always trusted, because the permissions of the socket control who can connect (deviations 35).
/// </summary>
internal sealed class TrustedProxies
{
    private static readonly AddressBlock[] Loopback = [AddressBlock.Parse("127.0.0.0/8"), AddressBlock.Parse("::1")];

    private readonly AddressBlock[] networks;

    /// <param name="configured">The setting <c>proxies</c>; empty if it is not set.</param>
    public TrustedProxies(IReadOnlyList<AddressBlock> configured)
    {
        IsConfigured = configured.Count > 0;
        networks = IsConfigured ? [.. configured] : Loopback;
    }

    /// <summary>Gets whether the setting <c>proxies</c> is set.</summary>
    public bool IsConfigured { get; }

    /// <summary>Returns whether an address is the address of a trusted proxy.</summary>
    public bool Contains(IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
                return true;
        }
        return false;
    }

    /// <summary>Returns whether the <c>X-Forwarded-*</c> headers of a request are accepted from its peer.</summary>
    public bool IsTrustedPeer(HttpContext context) =>
        context.Connection.RemoteIpAddress is null || Contains(ForwardedClient.PeerOf(context)!);

    /// <summary>
    /// Returns whether the <c>X-Original-*</c> headers of a peer are accepted. Without the setting every peer is accepted, as in
    /// Gafaelfawr, where only the network protects <c>/ingress/auth</c>.
    /// </summary>
    /// <param name="peer">The address of the peer; null for a peer on a Unix socket.</param>
    public bool AcceptsOriginalFrom(IPAddress? peer) =>
        !IsConfigured || peer is null || IPAddress.IsLoopback(peer) || Contains(peer);
}
