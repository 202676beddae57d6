namespace Porthor.Sql.Postgres;

/// <summary>
/// Waits for the database no longer than a caller can. The driver's own way to give up asks the server to cancel, through another
/// connection and on a thread of the pool; where the network is silent, that takes as long once more and holds up those
/// who have nothing to do with it. Here the caller goes on, the asking is left to a thread of its own, and the connection stays
/// with the work until that has ended.
/// </summary>
internal static class CallTimeout
{
    /// <summary>What is added to a limit before the driver gives a connection up that nobody waits for any more.</summary>
    private const int Grace = 1;

    /// <summary>The driver's limit, in seconds, for work that is waited for so long.</summary>
    public static int DriverSeconds(TimeSpan limit) => (int)Math.Ceiling(limit.TotalSeconds) + Grace;

    /// <param name="stop">Asks the server to stop.</param>
    /// <param name="failure">What a limit that was reached becomes.</param>
    /// <exception cref="StoreUnavailableException">It took longer. What was asked may have been done, or be done yet.</exception>
    public static async Task<T> WaitAsync<T>(Task<T> work, TimeSpan limit, StatementCanceller stop, Func<Exception, Exception> failure, CancellationToken cancellationToken)
    {
        try
        {
            return await work.WaitAsync(limit, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Nobody is left to be told.
            _ = work.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            // It may have ended in this very moment; the caller has given up all the same.
            if (!work.IsCompleted)
                stop.Begin();
            if (e is TimeoutException)
                throw failure(e);
            throw;
        }
    }
}
