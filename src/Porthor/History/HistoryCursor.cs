using System.Globalization;

namespace Porthor.History;

/// <summary>
/// Represents a position in a history, written as an optional <c>p</c>, the seconds since 1970, <c>_</c> and the row ID
/// (contract/storage.md 2.6). A page with a forward cursor begins with the row at the position. A page with a backward cursor, which is
/// written with <c>p</c>, ends with the row before the position.
/// </summary>
public readonly record struct HistoryCursor(DateTimeOffset Time, long Id, bool IsBackward)
{
    /// <summary>The largest row ID: the token index has 32-bit row IDs.</summary>
    private const long LargestId = int.MaxValue;

    /// <summary>Parses a cursor whose format has been checked.</summary>
    /// <exception cref="PorthorException"><c>invalid_cursor</c>: the time or the row ID is out of range.</exception>
    public static HistoryCursor Parse(string text)
    {
        var backward = text.StartsWith('p');
        var parts = text[(backward ? 1 : 0)..].Split('_');
        if (!decimal.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            throw PorthorError.InvalidCursor("timestamp out of range").ToException();
        if (!long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id > LargestId)
            throw PorthorError.InvalidCursor("row out of range").ToException();
        return new HistoryCursor(DateTimeOffset.FromUnixTimeSeconds((long)seconds), id, backward);
    }

    /// <summary>Returns the position of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="backward">True for a backward cursor.</param>
    public static HistoryCursor At(IHistoryRow row, bool backward = false) => new(row.EventTime, row.Id, backward);

    /// <summary>Returns the cursor with the opposite direction.</summary>
    public HistoryCursor Reversed() => this with { IsBackward = !IsBackward };

    /// <summary>Returns the text of the cursor.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsBackward ? "p" : "")}{Time.ToUnixTimeSeconds()}_{Id}");
}
