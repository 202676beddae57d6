namespace Porthor.Concurrency;

/// <summary>
/// Limits each user to one creation at a time on this node. The token index also serializes creations, but each waiting creation would
/// hold a connection there, and one user could use all connections.
/// </summary>
internal sealed class PerUserSemaphore
{
    /// <summary>Users share semaphores, so that their number is fixed. Users who share a semaphore wait for each other.</summary>
    private readonly SemaphoreSlim[] semaphores = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits until no other creation of the user is in progress. Disposing the result ends the creation.</summary>
    /// <exception cref="StoreUnavailableException">The creation cannot begin within the time limit.</exception>
    public async Task<IDisposable> EnterAsync(string username, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var semaphore = semaphores[(uint)string.GetHashCode(username, StringComparison.Ordinal) % semaphores.Length];
        if (!await semaphore.WaitAsync(timeLimit, cancellationToken))
            throw new StoreUnavailableException("token list", "waiting for other creations of the user");
        return new Entry(semaphore);
    }

    private sealed class Entry(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
