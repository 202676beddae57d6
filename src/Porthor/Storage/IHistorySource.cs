using Porthor.History;

namespace Porthor.Storage;

/// <summary>Reads and truncates a history in the token index.</summary>
public interface IHistorySource<in TFilter, TRow>
    where TRow : IHistoryRow
{
    /// <summary>Returns the rows that match the filter, newest first, beginning at the cursor.</summary>
    /// <param name="filter">The conditions that each row meets.</param>
    /// <param name="cursor">The position at which the page begins; null for the newest row.</param>
    /// <param name="limit">The maximum number of rows.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TRow>> ReadAsync(TFilter filter, HistoryCursor? cursor, long limit, CancellationToken cancellationToken);

    /// <summary>Returns the number of rows that match the filter.</summary>
    Task<long> CountAsync(TFilter filter, CancellationToken cancellationToken);

    /// <summary>Deletes up to <paramref name="limit"/> of the oldest rows before a time. Returns the number of deleted rows.</summary>
    Task<int> TruncateAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
