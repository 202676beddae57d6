using Porthor.History;

namespace Porthor.Storage;

/// <summary>The reading side of a history that the token index keeps, and its end.</summary>
public interface IHistorySource<in TFilter, TRow>
    where TRow : IHistoryRow
{
    /// <summary>Rows that meet the filter, newest first, from the cursor on.</summary>
    Task<IReadOnlyList<TRow>> ReadAsync(TFilter filter, HistoryCursor? cursor, long limit, CancellationToken cancellationToken);

    /// <summary>How many rows meet the filter.</summary>
    Task<long> CountAsync(TFilter filter, CancellationToken cancellationToken);

    /// <summary>Deletes up to a number of the oldest rows from before a time, and says how many.</summary>
    Task<int> TruncateAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
