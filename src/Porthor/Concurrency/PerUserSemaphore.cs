namespace Porthor.Concurrency;

/// <summary>
/// Limits each user to one creation at a time on this node. The token index also serializes the creations of a user, but each waiting
/// creation would hold a database connection, and one user could use all connections.
/// </summary>
internal sealed class PerUserSemaphore
{
    /// <summary>A fixed number of semaphores. Users who share a semaphore wait for each other.</summary>
    private readonly SemaphoreSlim[] semaphores = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>
    /// Waits until no other creation of the user is in progress. The caller disposes of the result when its creation has ended.
    /// </summary>
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
