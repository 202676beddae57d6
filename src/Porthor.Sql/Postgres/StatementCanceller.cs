namespace Porthor.Sql.Postgres;

/// <summary>
/// Cancels a statement for which the caller has stopped waiting. A cancel request identifies the connection and not the statement, and
/// takes some time. The connection must therefore not be used for another statement until the request has been sent; otherwise the server
/// would cancel that statement. The code that runs the statement calls <see cref="FinishAsync"/> before it returns the connection.
/// </summary>
/// <param name="sendRequest">Sends the cancel request; may block.</param>
#pragma warning disable CA1001 // A semaphore need not be disposed of if its wait handle is not used.
internal sealed class StatementCanceller(Action sendRequest)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim sync = new(1);
    private bool hasEnded;

    /// <summary>Sends the cancel request on a dedicated thread, unless the statement has ended.</summary>
    public void Begin() => new Thread(TrySend) { IsBackground = true, Name = "porthor cancels a statement" }.Start();

    /// <summary>Prevents further cancel requests, and waits for a request that is being sent.</summary>
    public async ValueTask FinishAsync()
    {
        await sync.WaitAsync();
        hasEnded = true;
        sync.Release();
    }

    private void TrySend()
    {
        sync.Wait();
        try
        {
            if (!hasEnded)
                sendRequest();
        }
        catch (Exception e)
        {
            _ = e;
            // If the server cannot be reached or the driver rejects the request, the driver's own timeout ends the statement. An exception
            // that is not handled on this thread would end the process.
        }
        finally
        {
            sync.Release();
        }
    }
}
