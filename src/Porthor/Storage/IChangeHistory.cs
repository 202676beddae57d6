using Porthor.History;

namespace Porthor.Storage;

/// <summary>The reading side of history: rows are written with the changes they tell of.</summary>
public interface IChangeHistory
{
    /// <summary>Changes that meet the filters, newest first, from the cursor on.</summary>
    Task<IReadOnlyList<TokenChange>> ReadAsync(HistoryFilter filter, HistoryCursor? cursor, long limit, CancellationToken cancellationToken);

    /// <summary>How many changes meet the filters.</summary>
    Task<long> CountAsync(HistoryFilter filter, CancellationToken cancellationToken);

    /// <summary>Deletes up to a number of the oldest changes from before a time, and says how many.</summary>
    Task<int> TruncateAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
