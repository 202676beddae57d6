using System.Runtime.CompilerServices;
using Porthor.History;
using Porthor.Storage;

namespace Porthor.Operations;

/// <summary>Reads a history page by page (contract/storage.md 2.6, api.md 6).</summary>
public sealed class HistoryPages<TFilter, TRow>(IHistorySource<TFilter, TRow> history)
    where TRow : class, IHistoryRow
{
    /// <summary>
    /// The number of rows that are read at a time. A page of at most this size needs one query; a larger page, or the whole history, is
    /// read in batches while it is enumerated.
    /// </summary>
    private const int BatchSize = 2000;

    /// <summary>Returns the rows that match the filter, newest first, and the cursors of the neighboring pages.</summary>
    public async Task<HistoryPage<TRow>> GetAsync(HistoryRequest<TFilter> request, CancellationToken cancellationToken)
    {
        var (filter, cursor, limit) = request;
        if (limit is null)
            return await UnlimitedAsync(filter, cursor, cancellationToken);

        var count = await history.CountAsync(filter, cancellationToken);
        // A limit greater than the number of rows has no effect on the page. It is reduced, so that adding 1 to it cannot overflow.
        var size = Math.Min(limit.Value, count + 1);
        return cursor is { IsBackward: true } end
            ? await BackwardAsync(filter, end, size, count, cancellationToken)
            : await ForwardAsync(filter, cursor, size, count, cancellationToken);
    }

    /// <summary>Returns true if any row matches the filter.</summary>
    public async Task<bool> AnyAsync(TFilter filter, CancellationToken cancellationToken) =>
        (await history.ReadAsync(filter, cursor: null, limit: 1, cancellationToken)).Count > 0;

    /// <summary>Reads a page from the beginning or from a position. Reads one additional row, at which the next page begins.</summary>
    private async Task<HistoryPage<TRow>> ForwardAsync(
        TFilter filter, HistoryCursor? cursor, long size, long count, CancellationToken cancellationToken)
    {
        var previous = cursor?.Reversed();
        if (size > BatchSize)
            return new HistoryPage<TRow>(
                TakeAsync(filter, cursor, size, cancellationToken), count, await NextAsync(filter, cursor, size, cancellationToken),
                previous);
        var rows = await history.ReadAsync(filter, cursor, size + 1, cancellationToken);
        HistoryCursor? next = rows.Count > size ? HistoryCursor.At(rows[(int)size]) : null;
        return new HistoryPage<TRow>(ToAsyncEnumerable(rows.Take((int)size)), count, next, previous);
    }

    /// <summary>Reads the page that ends before a position. Its next page begins at this position.</summary>
    private async Task<HistoryPage<TRow>> BackwardAsync(
        TFilter filter, HistoryCursor end, long size, long count, CancellationToken cancellationToken)
    {
        var (start, found, more) = await FindStartAsync(filter, end, size, cancellationToken);
        var rows = start is null ? ToAsyncEnumerable([]) : TakeAsync(filter, start, found, cancellationToken);
        return new HistoryPage<TRow>(rows, count, end.Reversed(), more ? start?.Reversed() : null);
    }

    /// <summary>Reads one page without a limit: all rows from a forward cursor on, or all rows before a backward cursor.</summary>
    private async Task<HistoryPage<TRow>> UnlimitedAsync(TFilter filter, HistoryCursor? cursor, CancellationToken cancellationToken)
    {
        var (start, found) = (cursor, long.MaxValue);
        if (cursor is { IsBackward: true } end)
            (start, found, _) = await FindStartAsync(filter, end, long.MaxValue, cancellationToken);
        return new HistoryPage<TRow>(TakeAsync(filter, start, found, cancellationToken), Count: null, Next: null, Previous: null);
    }

    /// <summary>
    /// Reads up to <paramref name="size"/> rows before a position. Returns the position of the newest of them, their number, and whether
    /// there are more.
    /// </summary>
    private async Task<(HistoryCursor? Start, long Found, bool More)> FindStartAsync(
        TFilter filter, HistoryCursor end, long size, CancellationToken cancellationToken)
    {
        HistoryCursor? start = null;
        long found = 0;
        while (true)
        {
            var batchSize = (int)Math.Min(size - found, BatchSize);
            var rows = await history.ReadAsync(filter, start?.Reversed() ?? end, batchSize + 1, cancellationToken);
            var more = rows.Count > batchSize;
            if (rows.Count > 0)
                start = HistoryCursor.At(rows[more ? 1 : 0]);
            found += Math.Min(rows.Count, batchSize);
            if (!more || found == size)
                return (start, found, more);
        }
    }

    private async Task<HistoryCursor?> NextAsync(TFilter filter, HistoryCursor? cursor, long size, CancellationToken cancellationToken)
    {
        long seen = 0;
        await foreach (var row in TakeAsync(filter, cursor, size + 1, cancellationToken))
        {
            if (++seen > size)
                return HistoryCursor.At(row);
        }
        return null;
    }

    private async IAsyncEnumerable<TRow> TakeAsync(
        TFilter filter, HistoryCursor? cursor, long size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var from = cursor;
        for (var left = size; left > 0;)
        {
            var batchSize = (int)Math.Min(left, BatchSize);
            var rows = await history.ReadAsync(filter, from, batchSize + 1, cancellationToken);
            foreach (var row in rows.Take(batchSize))
                yield return row;
            if (rows.Count <= batchSize)
                yield break;
            from = HistoryCursor.At(rows[batchSize]);
            left -= batchSize;
        }
    }

    private static async IAsyncEnumerable<TRow> ToAsyncEnumerable(IEnumerable<TRow> rows)
    {
        foreach (var row in rows)
            yield return row;
        await Task.CompletedTask;
    }
}
