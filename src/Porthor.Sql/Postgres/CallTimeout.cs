namespace Porthor.Sql.Postgres;

/// <summary>
/// Limits the time for which a caller waits for the database. After a timeout, the driver sends a cancel request through another
/// connection, and uses a thread of the thread pool for it. If the network does not respond, the request takes as long as the timeout, and
/// the blocked thread delays unrelated work. With this class, the caller continues immediately, the cancel request is sent on a dedicated
/// thread, and the connection is not used for another statement until the statement has ended.
/// </summary>
internal static class CallTimeout
{
    /// <summary>The number of seconds after the limit at which the driver closes the connection of an abandoned statement.</summary>
    private const int Grace = 1;

    /// <summary>Returns the driver's timeout in seconds for a statement with a limit.</summary>
    public static int DriverSeconds(TimeSpan limit) => (int)Math.Ceiling(limit.TotalSeconds) + Grace;

    /// <summary>
    /// Waits for work until the limit or the cancellation. If the work has not ended by then, starts to cancel the statement.
    /// </summary>
    /// <param name="work">The work, which continues after the limit.</param>
    /// <param name="limit">The maximum time to wait.</param>
    /// <param name="canceller">Sends the cancel request.</param>
    /// <param name="failure">Converts the timeout into the exception that is thrown.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">
    /// The limit was reached. The statement may have taken effect, or may still do so.
    /// </exception>
    public static async Task<T> WaitAsync<T>(
        Task<T> work, TimeSpan limit, StatementCanceller canceller, Func<Exception, Exception> failure, CancellationToken cancellationToken)
    {
        try
        {
            return await work.WaitAsync(limit, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Reading the exception marks it as observed.
            _ = work.ContinueWith(
                static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            // The work may have ended at the same time. The caller receives the timeout nevertheless.
            if (!work.IsCompleted)
                canceller.Begin();
            if (e is TimeoutException)
                throw failure(e);
            throw;
        }
    }
}
