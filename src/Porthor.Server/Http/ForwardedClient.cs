using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Represents the client of a request, as reported by the trusted proxies in front of Porthor (contract/api.md 1, ingress.md 1; deviations
/// 35).
/// </summary>
/// <param name="Address">The client's address; null if it is not known. IPv4-mapped addresses are IPv4 addresses here.</param>
/// <param name="Scheme">The scheme by which the client reached the outermost trusted proxy.</param>
internal sealed record ForwardedClient(IPAddress? Address, string Scheme)
{
    private const string ForHeader = "X-Forwarded-For";
    private const string ProtoHeader = "X-Forwarded-Proto";

    public static ForwardedClient Of(HttpContext context) => context.Features.GetRequiredFeature<ForwardedClient>();

    /// <summary>
    /// Reads <c>X-Forwarded-For</c> from right to left, because each proxy appends the address of its peer. The first address that is not
    /// the address of a trusted proxy is the client. If an entry cannot be read, the address after it is used, because the entries before
    /// it can come from the client. The headers of a peer that is not trusted are ignored.
    /// </summary>
    public static ForwardedClient Find(HttpContext context, TrustedProxies proxies)
    {
        var peer = PeerOf(context);
        var header = context.Request.Headers[ForHeader];
        if (header.Count == 0 || !proxies.IsTrustedPeer(context))
            return new ForwardedClient(peer, context.Request.Scheme);
        IPAddress? found = null;
        var hops = 0;
        for (var i = header.Count - 1; i >= 0; i--)
        {
            var rest = header[i].AsSpan();
            while (CutLast(ref rest) is { IsEmpty: false } entry)
            {
                if (ParseEntry(entry) is not { } address)
                    return found is null ? new ForwardedClient(peer, context.Request.Scheme) : Client(context, found, hops - 1);
                if (!proxies.Contains(address))
                    return Client(context, address, hops);
                found = address;
                hops++;
            }
        }
        return found is null ? new ForwardedClient(peer, context.Request.Scheme) : Client(context, found, int.MaxValue);
    }

    /// <summary>Returns whether a request has headers that are accepted only from a trusted proxy.</summary>
    public static bool HasForwardedHeaders(IHeaderDictionary headers) =>
        headers.ContainsKey(ForHeader) || headers.ContainsKey(ProtoHeader) || headers.ContainsKey("X-Forwarded-Host")
        || headers.ContainsKey("X-Forwarded-Method") || headers.ContainsKey("X-Forwarded-Uri");

    /// <summary>
    /// Returns the address of the connected peer. A peer on a Unix socket is a process of this machine and has the loopback address. The
    /// zone of an IPv6 address is removed, because it is not part of the address and databases reject it.
    /// </summary>
    public static IPAddress? PeerOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null when context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix => IPAddress.Loopback,
        null => null,
        { IsIPv4MappedToIPv6: true } peer => AddressBlock.Unmap(peer),
        { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } peer => new IPAddress(peer.GetAddressBytes()),
        var peer => peer,
    };

    /// <summary>
    /// Parses an entry of <c>X-Forwarded-For</c>: an address, <c>address:port</c>, <c>[v6]</c> or <c>[v6]:port</c>, each optionally in
    /// double quotes. Returns null for everything else.
    /// </summary>
    public static IPAddress? ParseEntry(ReadOnlySpan<char> entry)
    {
        if (entry is ['"', .. var quoted, '"'])
            entry = quoted;
        if (entry.StartsWith('['))
        {
            var end = entry.IndexOf(']');
            if (end < 0 || !IsPort(entry[(end + 1)..]))
                return null;
            var inside = entry[1..end];
            return inside.Contains(':') ? AddressBlock.TryParseAddress(inside) : null;
        }
        var colon = entry.IndexOf(':');
        var hasPort = colon >= 0 && colon == entry.LastIndexOf(':');
        if (!hasPort)
            return AddressBlock.TryParseAddress(entry);
        return IsPort(entry[colon..]) ? AddressBlock.TryParseAddress(entry[..colon]) : null;
    }

    /// <summary>Returns whether a text is empty, or a colon and a port.</summary>
    private static bool IsPort(ReadOnlySpan<char> text) =>
        text.IsEmpty
        || (text is [':', .. { Length: >= 1 and <= 5 } digits] && !digits.ContainsAnyExceptInRange('0', '9')
            && int.Parse(digits, CultureInfo.InvariantCulture) <= IPEndPoint.MaxPort);

    private static ForwardedClient Client(HttpContext context, IPAddress address, int hops) =>
        new(address, SchemeAt(context, hops) ?? context.Request.Scheme);

    /// <summary>Removes the last entry of a comma-separated list and returns it. Returns an empty text if the list is empty.</summary>
    private static ReadOnlySpan<char> CutLast(ref ReadOnlySpan<char> list)
    {
        while (!list.IsEmpty)
        {
            var comma = list.LastIndexOf(',');
            var entry = list[(comma + 1)..].Trim(" \t");
            list = comma < 0 ? [] : list[..comma];
            if (!entry.IsEmpty)
                return entry;
        }
        return [];
    }

    /// <summary>
    /// Returns the scheme that the proxy next to the client added to <c>X-Forwarded-Proto</c>, or the first one if the list is shorter.
    /// </summary>
    private static string? SchemeAt(HttpContext context, int hops)
    {
        var headers = context.Request.Headers[ProtoHeader];
        if (headers.Count != 1)
            return null;
        var schemes = Entries(headers);
        var scheme = hops < schemes.Count ? schemes[^(hops + 1)] : schemes.Count > 0 ? schemes[0] : null;
        return SchemeOf(scheme);
    }

    /// <summary>
    /// Converts a scheme as proxies report it to <c>http</c> or <c>https</c>. Traefik reports <c>ws</c> and <c>wss</c> for WebSocket
    /// handshakes. Returns null for any other text.
    /// </summary>
    public static string? SchemeOf(string? text) => text switch
    {
        "http" or "ws" => "http",
        "https" or "wss" => "https",
        _ => null,
    };

    private static List<string> Entries(StringValues headers)
    {
        List<string> entries = [];
        foreach (var header in headers)
        {
            // Most requests have one entry, which needs no split.
            if (header is { Length: > 0 } && !header.Contains(',', StringComparison.Ordinal) && header.Trim() is { Length: > 0 } only)
                entries.Add(only);
            else
                entries.AddRange((header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
        return entries;
    }
}
