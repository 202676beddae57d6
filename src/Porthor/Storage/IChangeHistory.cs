using Porthor.History;

namespace Porthor.Storage;

/// <summary>The history of changes: its rows are written with the changes they tell of.</summary>
public interface IChangeHistory : IHistorySource<HistoryFilter, TokenChange>
{
    /// <summary>
    /// Counts the changes of a time that nobody adds to any more, so that they need not be counted again whenever somebody asks how many
    /// there are in all.
    /// </summary>
    Task NotePastAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);
}
