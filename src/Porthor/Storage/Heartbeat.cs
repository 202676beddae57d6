namespace Porthor.Storage;

/// <summary>
/// Checks periodically whether a store responds. If the network is interrupted, a connection may not report an error. The heartbeat detects
/// this before a request times out, and also while there are no requests. It counts the intervals without a response and does not measure
/// time: if the whole machine is paused, only one interval is counted, and the store is not reported as unavailable.
/// </summary>
public sealed class Heartbeat : IAsyncDisposable
{
    /// <summary>The number of intervals within which the store must respond.</summary>
    public const int Beats = 3;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource stopping = new();
    private readonly Task work;

    /// <param name="answerTimeout">
    /// The time limit for responses of the store. A store that does not respond is detected after 0.6 to 0.8 of this time.
    /// </param>
    /// <param name="clock">The clock that measures the intervals.</param>
    /// <param name="check">Sends a request to the store. An exception counts as a response, because the error has been reported.</param>
    /// <param name="onNoResponse">
    /// Called if the store did not respond, once for each check. If it throws, it is called again after the next interval. The next check
    /// begins only after the request of the current check has ended.
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
                    // If the callback throws, the heartbeat continues, and calls it again after the next interval.
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

    /// <summary>Runs the check. If the function throws instead of returning a task, returns a failed task.</summary>
    private static async Task CheckAsync(Func<Task> check) => await check();
}
