using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Who the client really is, behind the proxies that are trusted to say so (contract/api.md 1, ingress.md 1).
/// </summary>
/// <param name="Address">Null if it is not known at all.</param>
/// <param name="Scheme">How the client reached the outermost proxy.</param>
internal sealed record ForwardedClient(IPAddress? Address, string Scheme)
{
    public static ForwardedClient Of(HttpContext context) => context.Features.GetRequiredFeature<ForwardedClient>();

    /// <summary>
    /// Of the addresses in <c>X-Forwarded-For</c>, the right-most that is no trusted proxy is the client; what stands left of
    /// it the client may have written itself. Without any, it is the peer.
    /// </summary>
    public static ForwardedClient Find(HttpContext context, IReadOnlyList<AddressBlock> proxies)
    {
        var peer = PeerOf(context);
        var header = context.Request.Headers["X-Forwarded-For"];
        if (header.Count == 0)
            return new ForwardedClient(peer, context.Request.Scheme);
        IPAddress? leftmost = null;
        var fromRight = 0;
        for (var i = header.Count - 1; i >= 0; i--)
        {
            var rest = header[i].AsSpan();
            while (CutLast(ref rest) is { IsEmpty: false } entry)
            {
                if (AddressBlock.TryParseAddress(entry) is not { } address)
                    continue;
                if (!IsOneOf(proxies, address))
                    return new ForwardedClient(address, SchemeAt(context, fromRight) ?? context.Request.Scheme);
                leftmost = address;
                fromRight++;
            }
        }
        return leftmost is null
            ? new ForwardedClient(peer, context.Request.Scheme)
            : new ForwardedClient(leftmost, SchemeAt(context, int.MaxValue) ?? context.Request.Scheme);
    }

    private static bool IsOneOf(IReadOnlyList<AddressBlock> proxies, IPAddress address)
    {
        for (var i = 0; i < proxies.Count; i++)
        {
            if (proxies[i].Contains(address))
                return true;
        }
        return false;
    }

    /// <summary>Takes the last entry off a list with commas; empty if none is left.</summary>
    private static ReadOnlySpan<char> CutLast(ref ReadOnlySpan<char> list)
    {
        while (!list.IsEmpty)
        {
            var comma = list.LastIndexOf(',');
            var entry = list[(comma + 1)..].Trim();
            list = comma < 0 ? [] : list[..comma];
            if (!entry.IsEmpty)
                return entry;
        }
        return [];
    }

    /// <summary>
    /// Who is connected. Without the network card that a link-local address names: it is no part of the address, and a database
    /// would refuse it. A peer on a Unix socket is a process of this machine, and counts as loopback.
    /// </summary>
    public static IPAddress? PeerOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        { IsIPv4MappedToIPv6: true } peer => peer.MapToIPv4(),
        { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } peer => new IPAddress(peer.GetAddressBytes()),
        null when context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix => IPAddress.Loopback,
        var peer => peer,
    };

    /// <summary>
    /// The address that a client cannot choose, for what is counted by address: what headers say counts only if a trusted proxy passed
    /// them on.
    /// </summary>
    public static IPAddress? ProvenAddress(HttpContext context, IReadOnlyList<AddressBlock> proxies) =>
        PeerOf(context) is { } peer && !proxies.Any(proxy => proxy.Contains(peer)) ? peer : Of(context).Address;

    /// <summary>The scheme at the client's place in <c>X-Forwarded-Proto</c>, or the left-most if that list is shorter.</summary>
    private static string? SchemeAt(HttpContext context, int fromRight)
    {
        var headers = context.Request.Headers["X-Forwarded-Proto"];
        if (headers.Count != 1)
            return null;
        var schemes = Entries(headers);
        var scheme = fromRight < schemes.Count ? schemes[^(fromRight + 1)] : schemes.Count > 0 ? schemes[0] : null;
        return scheme is "http" or "https" ? scheme : null;
    }

    private static List<string> Entries(StringValues headers)
    {
        List<string> entries = [];
        foreach (var header in headers)
        {
            // Most often there is one, and nothing to cut.
            if (header is { Length: > 0 } && !header.Contains(',', StringComparison.Ordinal) && header.Trim() is { Length: > 0 } only)
                entries.Add(only);
            else
                entries.AddRange((header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
        return entries;
    }
}
