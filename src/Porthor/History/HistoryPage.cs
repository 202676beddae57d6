namespace Porthor.History;

/// <summary>What is asked of history.</summary>
/// <param name="Limit">How many changes at the most; null for all of them.</param>
public sealed record HistoryRequest(HistoryFilter Filter, HistoryCursor? Cursor, long? Limit)
{
    /// <summary>Whose tokens are asked about; null for everybody's.</summary>
    public string? Username => Filter.Username;
}

/// <summary>
/// A page of history: its changes, newest first, and the places before and after it (contract/storage.md 2.6).
/// </summary>
/// <param name="Changes">Read from the ledger in portions while they are enumerated, so that no page need fit into memory.</param>
/// <param name="Count">How many changes meet the filters on all pages; only counted if there was a limit.</param>
public sealed record HistoryPage(IAsyncEnumerable<TokenChange> Changes, long? Count, HistoryCursor? Next, HistoryCursor? Previous);
