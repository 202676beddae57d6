namespace Porthor.History;

/// <summary>Represents an entry of a history. A history is ordered by time, newest first, and then by ID.</summary>
public interface IHistoryRow
{
    /// <summary>Returns the ID, which the database assigns. It orders the entries of the same second.</summary>
    long Id { get; }

    /// <summary>Returns the time of the event.</summary>
    DateTimeOffset EventTime { get; }
}
