namespace Porthor.Sql.Postgres;

/// <summary>
/// Asks the server to stop a statement that nobody waits for any more. What is asked names the connection and not the statement, and
/// takes its time; so the connection must not be used for anything else until it has been asked, or somebody else's statement
/// would be stopped. Whoever does the work ends with <see cref="NoMoreAsync"/> before the connection goes on.
/// </summary>
/// <param name="ask">Asks; may block.</param>
#pragma warning disable CA1001 // A semaphore that nobody waits for by a handle holds nothing to be given back.
internal sealed class StatementCanceller(Action ask)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim gate = new(1);
    private bool isOver;

    /// <summary>Asks, on a thread of its own, if the work has not ended.</summary>
    public void Begin() => new Thread(TryAsk) { IsBackground = true, Name = "porthor cancels a statement" }.Start();

    /// <summary>From here on nothing is asked; what is being asked is waited for.</summary>
    public async ValueTask NoMoreAsync()
    {
        await gate.WaitAsync();
        isOver = true;
        gate.Release();
    }

    private void TryAsk()
    {
        gate.Wait();
        try
        {
            if (!isOver)
                ask();
        }
        catch (Exception e)
        {
            _ = e;
            // Whatever it was: the server cannot be reached, or the driver did not expect to be asked; then the driver's own limit ends the
            // statement. Nothing that is thrown on this thread may end the process.
        }
        finally
        {
            gate.Release();
        }
    }
}
