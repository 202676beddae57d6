using System.Net;
using System.Net.Sockets;

namespace Porthor.Values;

/// <summary>
/// Groups addresses for the counts of failed attempts. One host has an IPv6 /64; a customer has a /64, a /56 or a /48, depending on the
/// provider.
/// </summary>
public static class ClientNetwork
{
    private static readonly int[] Ipv6PrefixBytes = [8, 7, 6];

    /// <summary>
    /// Returns an IPv4 address unchanged, and the /64, /56 and /48 prefixes of an IPv6 address, from the longest to the shortest.
    /// </summary>
    /// <param name="address">The address; null if it is not known, which gives one empty text.</param>
    public static IReadOnlyList<string> PrefixesOf(IPAddress? address) => address switch
    {
        null => [""],
        { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } =>
            [.. Ipv6PrefixBytes.Select(bytes => Convert.ToHexString(address.GetAddressBytes(), 0, bytes))],
        _ => [address.MapToIPv4().ToString()],
    };
}
