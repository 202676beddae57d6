namespace Porthor.Audit;

/// <summary>Reads the next batch while the current one is processed.</summary>
internal static class Prefetch
{
    public static async IAsyncEnumerable<T> OfAsync<T>(IAsyncEnumerable<T> batches)
    {
        await using var reading = batches.GetAsyncEnumerator();
        var next = reading.MoveNextAsync().AsTask();
        try
        {
            while (await next)
            {
                var current = reading.Current;
                next = reading.MoveNextAsync().AsTask();
                yield return current;
            }
        }
        finally
        {
            // If the caller stops the enumeration early, a read may still be running. Its result is ignored.
            await Task.WhenAny(next);
        }
    }
}
