using Porthor.History;

namespace Porthor.Storage;

/// <summary>Reads and truncates the history of token changes. Each row is written in the transaction of its change.</summary>
public interface IChangeHistory : IHistorySource<HistoryFilter, TokenChange>
{
    /// <summary>
    /// Counts the changes in a past period, to which no more changes are added, and stores the number, so that later counts need not read
    /// these changes.
    /// </summary>
    /// <param name="from">The beginning of the period.</param>
    /// <param name="to">The end of the period.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task StorePastCountAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);
}
