namespace Porthor.History;

/// <summary>Represents an entry of a history. A history is ordered by time, newest first, and then by id.</summary>
public interface IHistoryRow
{
    /// <summary>Gets the id, which the database assigns. It orders the entries of the same second.</summary>
    long Id { get; }

    DateTimeOffset EventTime { get; }
}
