using Porthor.History;

namespace Porthor.Operations;

/// <summary>Represents a request for history rows.</summary>
/// <param name="Filter">The conditions that each row meets.</param>
/// <param name="Cursor">The position at which the page begins or ends; null for the newest row.</param>
/// <param name="Limit">The maximum number of rows; null for all rows.</param>
public sealed record HistoryRequest<TFilter>(TFilter Filter, HistoryCursor? Cursor, long? Limit);

/// <summary>
/// Represents a page of a history, newest row first, and the positions of the neighboring pages (contract/storage.md 2.6).
/// </summary>
/// <param name="Rows">
/// The rows. They are read from the token index in batches during the enumeration, so that a page need not fit into memory.
/// </param>
/// <param name="Count">The number of rows on all pages; null if the request had no limit.</param>
/// <param name="Next">The cursor of the next page; null on the last page.</param>
/// <param name="Previous">The cursor of the previous page; null on the first page.</param>
public sealed record HistoryPage<TRow>(IAsyncEnumerable<TRow> Rows, long? Count, HistoryCursor? Next, HistoryCursor? Previous);
