namespace Porthor.Server.Platform;

/// <summary>
/// Runs work at regular intervals until the server stops. An error of one run is logged and does not prevent later runs. This also applies
/// to an <see cref="OperationCanceledException"/>, such as the timeout of a driver; it would otherwise stop the whole server.
/// </summary>
/// <param name="interval">The interval between the beginnings of two runs. If a run takes longer, the next one follows immediately.</param>
/// <param name="runsAtStart">True if the first run begins at once; false if it begins after one interval.</param>
/// <param name="clock">The clock that measures the intervals.</param>
internal abstract class PeriodicService(TimeSpan interval, bool runsAtStart, TimeProvider clock) : BackgroundService
{
    /// <summary>Returns the clock that measures the intervals.</summary>
    protected TimeProvider Clock => clock;

    /// <summary>Runs the work once.</summary>
    protected abstract Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Logs the error of a run.</summary>
    protected abstract void LogError(Exception error);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, clock);
        if (runsAtStart)
            await TryAsync(RunAsync, stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await TryAsync(RunAsync, stoppingToken);
    }

    /// <summary>Runs work, and logs its error.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    protected async Task TryAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            LogError(e);
        }
    }
}
