namespace Porthor.Storage;

/// <summary>
/// Checks periodically whether a store responds. A connection that was interrupted without notice does not report an error; the heartbeat
/// detects this before a request times out, and also while there are no requests. It counts checks and does not measure time: if the
/// whole machine is paused, only one check counts as missed, and the store is not reported as unavailable.
/// </summary>
public sealed class Heartbeat : IAsyncDisposable
{
    /// <summary>The number of intervals within which the store must respond.</summary>
    public const int Beats = 3;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource stopping = new();
    private readonly Task work;

    /// <param name="answerTimeout">
    /// The timeout of this store's answers. A store that does not respond is detected after 0.6 to 0.8 of this time.
    /// </param>
    /// <param name="clock">The clock that measures the intervals.</param>
    /// <param name="check">Sends a request to the store. An exception counts as a response, because the error has been reported.</param>
    /// <param name="onNoResponse">
    /// Called if the store did not respond: once for each check, or again after the next interval if it throws. The next check begins
    /// only after the request of the current check has ended.
    /// </param>
    public Heartbeat(TimeSpan answerTimeout, TimeProvider clock, Func<Task> check, Action onNoResponse)
    {
        work = RunAsync(PauseOf(answerTimeout), clock, check, onNoResponse);
    }

    /// <summary>Returns the interval between two checks for an answer timeout: a fifth of it, but at least 200 ms.</summary>
    public static TimeSpan PauseOf(TimeSpan answerTimeout)
    {
        var pause = answerTimeout / 5;
        return pause < ShortestPause ? ShortestPause : pause;
    }

    /// <summary>Stops the heartbeat, and waits for the end of its loop.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        stopping.Dispose();
    }

    private async Task RunAsync(TimeSpan pause, TimeProvider clock, Func<Task> check, Action onNoResponse)
    {
        var (current, missed) = (Task.CompletedTask, 0);
        try
        {
            while (true)
            {
                await Task.Delay(pause, clock, stopping.Token);
                if (!current.IsCompleted)
                {
                    // A callback that throws does not end the heartbeat; it is called again at the next beat.
                    if (++missed == Beats && !TryCall(onNoResponse))
                        missed--;
                    continue;
                }
                // Reading the exception marks it as observed.
                _ = current.Exception;
                (current, missed) = (CheckAsync(check), 0);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The heartbeat was stopped.
        }
    }

    private static bool TryCall(Action callback)
    {
        try
        {
            callback();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>Turns an exception that is thrown before the task exists into a failed task.</summary>
    private static async Task CheckAsync(Func<Task> check) => await check();
}
