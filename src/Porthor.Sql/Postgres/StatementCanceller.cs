namespace Porthor.Sql.Postgres;

/// <summary>
/// Cancels a statement for which no caller waits any more. A cancel request identifies the connection and not the statement, and takes
/// some time. The connection must therefore not be used for another statement until the request has been sent; otherwise that statement
/// would be cancelled. The code that runs the statement calls <see cref="NoMoreAsync"/> before it returns the connection.
/// </summary>
/// <param name="ask">Sends the cancel request; may block.</param>
#pragma warning disable CA1001 // A semaphore whose wait handle is not used needs no disposal.
internal sealed class StatementCanceller(Action ask)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim sync = new(1);
    private bool isOver;

    /// <summary>Sends the cancel request on a dedicated thread, unless the statement has ended.</summary>
    public void Begin() => new Thread(TryAsk) { IsBackground = true, Name = "porthor cancels a statement" }.Start();

    /// <summary>Prevents further cancel requests, and waits for a request that is being sent.</summary>
    public async ValueTask NoMoreAsync()
    {
        await sync.WaitAsync();
        isOver = true;
        sync.Release();
    }

    private void TryAsk()
    {
        sync.Wait();
        try
        {
            if (!isOver)
                ask();
        }
        catch (Exception e)
        {
            _ = e;
            // If the server cannot be reached or the driver rejects the request, the driver's own timeout ends the statement. No
            // exception on
            // this thread may end the process.
        }
        finally
        {
            sync.Release();
        }
    }
}
