using System.Runtime.CompilerServices;
using Porthor.Storage;

namespace Porthor.History;

/// <summary>Reads the history of changes, page by page (contract/storage.md 2.6, api.md 6).</summary>
public sealed class TokenHistory(IChangeHistory history)
{
    /// <summary>
    /// How many changes are read at a time. A page up to this size is one query; a larger one, or all of history, is read in
    /// portions as it is written out.
    /// </summary>
    private const int Portion = 2000;

    /// <summary>The changes that meet the filters, newest first, with the cursors of the pages beside.</summary>
    public async Task<HistoryPage> GetAsync(HistoryRequest request, CancellationToken cancellationToken)
    {
        var (filter, cursor, limit) = request;
        if (limit is null)
            return await UnlimitedAsync(filter, cursor, cancellationToken);

        var count = await history.CountAsync(filter, cancellationToken);
        // No page holds more than there is; this also keeps an enormous limit from meaning anything to the database.
        var size = Math.Min(limit.Value, count + 1);
        return cursor is { IsBackward: true } end
            ? await BackwardAsync(filter, end, size, count, cancellationToken)
            : await ForwardAsync(filter, cursor, size, count, cancellationToken);
    }

    /// <summary>A page from the start, or from a place on. One change more is read, to learn where the next page begins.</summary>
    private async Task<HistoryPage> ForwardAsync(
        HistoryFilter filter, HistoryCursor? cursor, long size, long count, CancellationToken cancellationToken)
    {
        var previous = cursor?.Reversed();
        if (size > Portion)
            return new HistoryPage(TakeAsync(filter, cursor, size, cancellationToken), count, await NextAsync(filter, cursor, size, cancellationToken), previous);
        var changes = await history.ReadAsync(filter, cursor, size + 1, cancellationToken);
        HistoryCursor? next = changes.Count > size ? HistoryCursor.At(changes[(int)size]) : null;
        return new HistoryPage(Listed(changes.Take((int)size)), count, next, previous);
    }

    /// <summary>The page that ends before a place. Whoever came from there can go back there.</summary>
    private async Task<HistoryPage> BackwardAsync(
        HistoryFilter filter, HistoryCursor end, long size, long count, CancellationToken cancellationToken)
    {
        var (start, found, more) = await WalkBackAsync(filter, end, size, cancellationToken);
        var changes = start is null ? Listed([]) : TakeAsync(filter, start, found, cancellationToken);
        return new HistoryPage(changes, count, end.Reversed(), more ? start?.Reversed() : null);
    }

    /// <summary>Without a limit there are no pages: everything from the place on, or everything before it.</summary>
    private async Task<HistoryPage> UnlimitedAsync(HistoryFilter filter, HistoryCursor? cursor, CancellationToken cancellationToken)
    {
        var (start, found) = (cursor, long.MaxValue);
        if (cursor is { IsBackward: true } end)
            (start, found, _) = await WalkBackAsync(filter, end, long.MaxValue, cancellationToken);
        return new HistoryPage(TakeAsync(filter, start, found, cancellationToken), Count: null, Next: null, Previous: null);
    }

    /// <summary>Goes back from a place by up to a number of changes: where that is, how many they were, and whether there are more.</summary>
    private async Task<(HistoryCursor? Start, long Found, bool More)> WalkBackAsync(
        HistoryFilter filter, HistoryCursor end, long size, CancellationToken cancellationToken)
    {
        HistoryCursor? start = null;
        long found = 0;
        while (true)
        {
            var portion = (int)Math.Min(size - found, Portion);
            var changes = await history.ReadAsync(filter, start?.Reversed() ?? end, portion + 1, cancellationToken);
            var more = changes.Count > portion;
            if (changes.Count > 0)
                start = HistoryCursor.At(changes[more ? 1 : 0]);
            found += Math.Min(changes.Count, portion);
            if (!more || found == size)
                return (start, found, more);
        }
    }

    private async Task<HistoryCursor?> NextAsync(HistoryFilter filter, HistoryCursor? cursor, long size, CancellationToken cancellationToken)
    {
        long seen = 0;
        await foreach (var change in TakeAsync(filter, cursor, size + 1, cancellationToken))
        {
            if (++seen > size)
                return HistoryCursor.At(change);
        }
        return null;
    }

    private async IAsyncEnumerable<TokenChange> TakeAsync(
        HistoryFilter filter, HistoryCursor? cursor, long size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var from = cursor;
        for (var left = size; left > 0;)
        {
            var portion = (int)Math.Min(left, Portion);
            var changes = await history.ReadAsync(filter, from, portion + 1, cancellationToken);
            foreach (var change in changes.Take(portion))
                yield return change;
            if (changes.Count <= portion)
                yield break;
            from = HistoryCursor.At(changes[portion]);
            left -= portion;
        }
    }

    private static async IAsyncEnumerable<TokenChange> Listed(IEnumerable<TokenChange> changes)
    {
        foreach (var change in changes)
            yield return change;
        await Task.CompletedTask;
    }
}
