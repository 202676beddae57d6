using System.Globalization;

namespace Porthor.History;

/// <summary>
/// A place in history: optional <c>p</c>, seconds since the epoch, <c>_</c>, row id (contract/storage.md 2.6). Forward,
/// the named row is the first that is shown; backward, it is the one after the last.
/// </summary>
public readonly record struct HistoryCursor(DateTimeOffset Time, long Id, bool IsBackward)
{
    /// <summary>The token index's ids are 32-bit numbers.</summary>
    private const long LargestId = int.MaxValue;

    /// <summary>Reads a cursor whose form has been checked.</summary>
    /// <exception cref="PorthorException"><c>invalid_cursor</c>: its time or row is out of every range.</exception>
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

    public static HistoryCursor At(IHistoryRow row, bool backward = false) => new(row.EventTime, row.Id, backward);

    public HistoryCursor Reversed() => this with { IsBackward = !IsBackward };

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsBackward ? "p" : "")}{Time.ToUnixTimeSeconds()}_{Id}");
}
