using Porthor.History;

namespace Porthor.Operations;

/// <summary>What is asked of history.</summary>
/// <param name="Limit">How many rows at the most; null for all of them.</param>
public sealed record HistoryRequest<TFilter>(TFilter Filter, HistoryCursor? Cursor, long? Limit);

/// <summary>
/// A page of history: its rows, newest first, and the places before and after it (contract/storage.md 2.6).
/// </summary>
/// <param name="Rows">Read from the token index in portions while they are enumerated, so that no page need fit into memory.</param>
/// <param name="Count">How many rows meet the filter on all pages; only counted if there was a limit.</param>
public sealed record HistoryPage<TRow>(IAsyncEnumerable<TRow> Rows, long? Count, HistoryCursor? Next, HistoryCursor? Previous);
