using System.Net;
using System.Net.Sockets;
using Porthor.Values;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// Converts addresses to the bytes that SQLite stores: one byte for the family, 4 or 6, followed by the bytes of the address. If these
/// values are ordered by bytes, a block of addresses is one range.
/// </summary>
internal static class SqliteAddress
{
    public static byte[]? Write(IPAddress? address) => address is null ? null : [Family(address), .. address.GetAddressBytes()];

    public static IPAddress Read(byte[] stored) => new(stored.AsSpan(1));

    /// <summary>Returns the first and the last address of a block.</summary>
    public static (byte[] First, byte[] Last) Range(AddressBlock block)
    {
        var first = Write(block.Address)!;
        var last = (byte[])first.Clone();
        for (var bit = block.PrefixLength; bit < (last.Length - 1) * 8; bit++)
            last[1 + (bit / 8)] |= (byte)(0x80 >> (bit % 8));
        return (first, last);
    }

    private static byte Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? (byte)4 : (byte)6;
}
