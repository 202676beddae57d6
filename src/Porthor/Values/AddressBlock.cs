using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Porthor.Values;

/// <summary>
/// Represents an IP address, or a block of addresses in CIDR notation, in filters and in the list of trusted proxies (contract/tokens.md
/// 7.9). Parsing is stricter than in .NET: octal numbers, zones, blanks and missing octets are not accepted.
/// </summary>
public readonly record struct AddressBlock(IPAddress Address, int PrefixLength)
{
    private static readonly SearchValues<char> SixCharacters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>Returns true for a single address.</summary>
    public bool IsSingle => PrefixLength == Width(Address);

    /// <summary>
    /// The length of the prefix <c>::ffff:0:0/96</c>, which contains the IPv4-mapped addresses (RFC 4291 section 2.5.5.2).
    /// </summary>
    private const int MappedPrefixLength = 96;

    /// <summary>Returns true if the block contains an address. An IPv4-mapped address is compared as an IPv4 address.</summary>
    public bool Contains(IPAddress address)
    {
        address = Unmap(address);
        return address.AddressFamily == Address.AddressFamily && new IPNetwork(Address, PrefixLength).Contains(address);
    }

    /// <summary>Returns the IPv4 address of an IPv4-mapped address (<c>::ffff:192.0.2.1</c>), and every other address unchanged.</summary>
    public static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>
    /// Returns the block of the IPv4-mapped addresses of an IPv4 block (<c>::ffff:192.0.2.0/120</c>), because older versions and other
    /// software stored addresses in this form. Returns null for an IPv6 block.
    /// </summary>
    public AddressBlock? Mapped => Address.AddressFamily == AddressFamily.InterNetwork
        ? new AddressBlock(Address.MapToIPv6(), MappedPrefixLength + PrefixLength)
        : null;

    /// <summary>
    /// Parses an address, or a block without host bits if the text contains a <c>/</c>. IPv4-mapped addresses and blocks become IPv4
    /// addresses and blocks.
    /// </summary>
    /// <exception cref="FormatException">The text is neither an address nor a block. The contract prescribes the message.</exception>
    public static AddressBlock Parse(string text)
    {
        var slash = text.IndexOf('/');
        if (slash < 0)
            return TryParseAddress(text) is { } single
                ? new AddressBlock(single, Width(single))
                : throw new FormatException($"'{text}' does not appear to be an IPv4 or IPv6 address");
        if (TryParseAsWritten(text.AsSpan(0, slash)) is not { } address || TryParsePrefix(address, text[(slash + 1)..]) is not { } prefix)
            throw new FormatException($"'{text}' does not appear to be an IPv4 or IPv6 network");
        if (HasHostBits(address, prefix))
            throw new FormatException($"{text} has host bits set");
        return address.IsIPv4MappedToIPv6 && prefix >= MappedPrefixLength
            ? new AddressBlock(Unmap(address), prefix - MappedPrefixLength)
            : new AddressBlock(address, prefix);
    }

    /// <summary>
    /// Returns true for an IPv6 address or block with a zone (<c>fe80::1%eth0</c>, RFC 4007). Such a text is valid, but stored addresses
    /// have no zone, so it matches none of them.
    /// </summary>
    public static bool IsZoned(string text)
    {
        var percent = text.IndexOf('%');
        if (percent < 0)
            return false;
        var slash = text.IndexOf('/', percent);
        var zone = text.AsSpan()[(percent + 1)..(slash < 0 ? text.Length : slash)];
        if (zone.IsEmpty || zone.Contains('%') || !text.AsSpan(0, percent).Contains(':'))
            return false;
        try
        {
            _ = Parse(text[..percent] + (slash < 0 ? "" : text[slash..]));
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>
    /// Parses an IPv4 or IPv6 address without port, brackets or zone. An IPv4-mapped address becomes an IPv4 address. Returns null for
    /// any other text.
    /// </summary>
    public static IPAddress? TryParseAddress(ReadOnlySpan<char> text) => TryParseAsWritten(text) is { } address ? Unmap(address) : null;

    private static IPAddress? TryParseAsWritten(ReadOnlySpan<char> text)
    {
        if (text.Contains(':'))
        {
            var lastColon = text.LastIndexOf(':');
            if (text.Contains('.') && !IsIPv4(text[(lastColon + 1)..]))
                return null;
            return !text.ContainsAnyExcept(SixCharacters) && IPAddress.TryParse(text, out var six) ? six : null;
        }
        return IsIPv4(text) ? IPAddress.Parse(text) : null;
    }

    /// <summary>Returns the address, with the prefix length for a block.</summary>
    public override string ToString() =>
        IsSingle ? Address.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Address}/{PrefixLength}");

    private static int Width(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    /// <summary>Returns true for four decimal octets. Leading zeros are not accepted, because other software reads them as octal.</summary>
    private static bool IsIPv4(ReadOnlySpan<char> text)
    {
        for (var octets = 1; ; octets++)
        {
            var dot = text.IndexOf('.');
            var octet = dot < 0 ? text : text[..dot];
            if (octet.Length is < 1 or > 3 || octet.ContainsAnyExceptInRange('0', '9') || (octet.Length > 1 && octet[0] == '0')
                || int.Parse(octet, CultureInfo.InvariantCulture) > 255)
                return false;
            if (dot < 0)
                return octets == 4;
            text = text[(dot + 1)..];
        }
    }

    /// <summary>Parses a prefix length; for IPv4 also a netmask or a host mask in dotted form. Returns null for any other text.</summary>
    private static int? TryParsePrefix(IPAddress address, string text)
    {
        if (text.Length is >= 1 and <= 3 && !text.AsSpan().ContainsAnyExceptInRange('0', '9'))
            return int.Parse(text, CultureInfo.InvariantCulture) is var prefix && prefix <= Width(address) ? prefix : null;
        if (address.AddressFamily != AddressFamily.InterNetwork
            || TryParseAddress(text) is not { AddressFamily: AddressFamily.InterNetwork } mask)
            return null;
        var bits = BitConverter.ToUInt32(mask.GetAddressBytes().Reverse().ToArray());
        if (IsLeadingOnes(bits))
            return int.PopCount((int)bits);
        return IsLeadingOnes(~bits) ? int.PopCount((int)~bits) : null;
    }

    private static bool IsLeadingOnes(uint bits) => (~bits & (~bits + 1)) == 0;

    private static bool HasHostBits(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
                return true;
        }
        return false;
    }
}
