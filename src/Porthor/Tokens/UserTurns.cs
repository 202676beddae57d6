namespace Porthor.Tokens;

/// <summary>
/// Lets one creation of a user proceed at a time on this node. The ledger serializes them too, but there each waiting creation would
/// hold a connection, and one user could take all of them.
/// </summary>
internal sealed class UserTurns
{
    /// <summary>Users share semaphores, so that there is a fixed number of them; those who share one wait a little longer.</summary>
    private readonly SemaphoreSlim[] semaphores = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <exception cref="StoreUnavailableException">It is not this creation's turn within the time limit.</exception>
    public async Task<IDisposable> EnterAsync(string username, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var semaphore = semaphores[(uint)string.GetHashCode(username, StringComparison.Ordinal) % semaphores.Length];
        if (!await semaphore.WaitAsync(timeLimit, cancellationToken))
            throw new StoreUnavailableException("ledger", "waiting for other creations of the user");
        return new Turn(semaphore);
    }

    private sealed class Turn(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
