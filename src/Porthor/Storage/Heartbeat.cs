namespace Porthor.Storage;

/// <summary>
/// Asks a store again and again whether it is there. A connection that has lost its other end says nothing, ever; so it is
/// noticed before those who ask for something have waited in vain, and also while nobody asks. Beats are counted and not time:
/// a machine that stood still has missed one beat, and its stores are not blamed for it.
/// </summary>
public sealed class Heartbeat : IAsyncDisposable
{
    /// <summary>How many beats an answer may take.</summary>
    public const int Beats = 3;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource stopping = new();
    private readonly Task work;

    /// <param name="answerTimeout">
    /// How long an answer of this store is waited for; silence is noticed sooner, after 0.6 to 0.8 of it.
    /// </param>
    /// <param name="ask">Asks the store. Whether it succeeds does not matter: who is told of an error is not left in silence.</param>
    /// <param name="silent">
    /// Called if the store did not answer: once for each check, or again at the next beat if it throws. The next check begins only after it
    /// has ended.
    /// </param>
    public Heartbeat(TimeSpan answerTimeout, TimeProvider clock, Func<Task> ask, Action silent)
    {
        work = RunAsync(PauseOf(answerTimeout), clock, ask, silent);
    }

    /// <summary>The time between two beats for an answer timeout.</summary>
    public static TimeSpan PauseOf(TimeSpan answerTimeout)
    {
        var pause = answerTimeout / 5;
        return pause < ShortestPause ? ShortestPause : pause;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        stopping.Dispose();
    }

    private async Task RunAsync(TimeSpan pause, TimeProvider clock, Func<Task> ask, Action silent)
    {
        var (asked, missed) = (Task.CompletedTask, 0);
        try
        {
            while (true)
            {
                await Task.Delay(pause, clock, stopping.Token);
                if (!asked.IsCompleted)
                {
                    // A callback that throws does not end the heartbeat; it is called again at the next beat.
                    if (++missed == Beats && !TryCall(silent))
                        missed--;
                    continue;
                }
                // Looked at, so that it is not taken for forgotten.
                _ = asked.Exception;
                (asked, missed) = (AskAsync(ask), 0);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end.
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

    /// <summary>So that what is thrown before there is a task is an error like any other.</summary>
    private static async Task AskAsync(Func<Task> ask) => await ask();
}
