namespace Porthor.Audit;

/// <summary>Reads a batch while the one before is worked on, and no further.</summary>
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
            // Whoever stops early may still be reading, and does not want to hear how that ends.
            await Task.WhenAny(next);
        }
    }
}
