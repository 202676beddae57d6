using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents the assignment of slots to the primaries of a cluster, as one node reports it (<c>CLUSTER NODES</c>).</summary>
/// <param name="Epoch">The highest configuration epoch of the nodes. A report with a lower epoch is older.</param>
/// <param name="Owners">The primaries and their ranges of slots, both ends included.</param>
internal sealed record ClusterMap(long Epoch, IReadOnlyDictionary<EndPoint, IReadOnlyList<(int First, int Last)>> Owners)
{
    /// <summary>The number of slots of any cluster.</summary>
    public const int Slots = 16384;

    private const int EpochField = 6;
    private const int SlotsField = 8;

    /// <summary>Parses a report. Ignores lines that contain no primary with slots.</summary>
    /// <param name="report">The report.</param>
    /// <param name="reporter">The node that sent the report, which may not contain its own address.</param>
    /// <param name="byName">True to identify nodes by the host names that they announce, for which their certificates are valid.</param>
    public static ClusterMap Parse(string report, EndPoint reporter, bool byName)
    {
        Dictionary<EndPoint, IReadOnlyList<(int First, int Last)>> owners = [];
        long newest = 0;
        foreach (var line in report.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length <= EpochField
                || !long.TryParse(fields[EpochField], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
                continue;
            newest = Math.Max(newest, epoch);
            var flags = fields[2].Split(',');
            if (!flags.Contains("master") || flags.Contains("noaddr")
                || AddressOf(fields[1], flags.Contains("myself") ? reporter : null, byName) is not { } address)
                continue;
            var ranges = fields.Skip(SlotsField).Select(RangeOf).OfType<(int, int)>().ToArray();
            if (ranges.Length > 0)
                owners[address] = ranges;
        }
        return new ClusterMap(newest, owners);
    }

    /// <summary>Returns the slot of a key: CRC16 (XMODEM) of the key, or of the text between its first braces.</summary>
    public static int SlotOf(in RedisKey key)
    {
        ReadOnlySpan<byte> text = (byte[]?)key;
        var open = text.IndexOf((byte)'{');
        if (open >= 0 && text[(open + 1)..].IndexOf((byte)'}') is > 0 and var length)
            text = text.Slice(open + 1, length);
        var crc = 0;
        foreach (var one in text)
        {
            crc ^= one << 8;
            for (var bit = 0; bit < 8; bit++)
                crc = ((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
        }
        return crc % Slots;
    }

    /// <summary>Parses an address of the form <c>IP:PORT@BUSPORT[,HOSTNAME[,...]]</c>.</summary>
    private static EndPoint? AddressOf(string text, EndPoint? reporter, bool byName)
    {
        var parts = text.Split(',');
        var address = parts[0].Split('@')[0];
        var colon = address.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
            return reporter;
        var host = byName && parts.Length > 1 && parts[1].Length > 0 && !parts[1].Contains('=', StringComparison.Ordinal)
            ? parts[1]
            : address[..colon].Trim('[', ']');
        return host.Length == 0 ? reporter : new RedisHost(host, port).ToEndPoint();
    }

    /// <summary>
    /// Parses a range of slots. Returns null for a slot that is being moved to another node, because its owner lists it as well.
    /// </summary>
    private static (int First, int Last)? RangeOf(string text)
    {
        var ends = text.Split('-');
        if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            return null;
        var last = first;
        if (ends.Length == 2 && !int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out last))
            return null;
        return first <= last && last < Slots ? (first, last) : null;
    }
}
