using System.Net;
using System.Net.Sockets;
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
        var chain = new List<IPAddress>();
        foreach (var entry in Entries(header))
        {
            if (AddressBlock.TryParseAddress(entry) is { } address)
                chain.Add(address);
        }
        if (chain.Count == 0)
            return new ForwardedClient(peer, context.Request.Scheme);

        var chosen = chain.FindLastIndex(address => !proxies.Any(proxy => proxy.Contains(address)));
        var fromRight = chosen < 0 ? int.MaxValue : chain.Count - 1 - chosen;
        return new ForwardedClient(chain[Math.Max(chosen, 0)], SchemeAt(context, fromRight) ?? context.Request.Scheme);
    }

    /// <summary>
    /// Who is connected. Without the network card that a link-local address names: it is no part of the address, and a database
    /// would refuse it.
    /// </summary>
    public static IPAddress? PeerOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        { IsIPv4MappedToIPv6: true } peer => peer.MapToIPv4(),
        { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } peer => new IPAddress(peer.GetAddressBytes()),
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
