namespace Porthor.Concurrency;

/// <summary>Represents one run of an operation, whose result several callers may await.</summary>
internal sealed class SharedRun<T>
{
    // The continuations of the callers run on other threads, so that none of them delays the operation or another caller.
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Returns the result of the run.</summary>
    public Task<T> Result => completion.Task;

    /// <summary>Runs the operation. An exception becomes the result. Must be called exactly once.</summary>
    public async Task StartAsync(Func<Task<T>> operation)
    {
        var run = InvokeAsync(operation);
        await ((Task)run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        completion.SetFromTask(run);
        // Reading the exception marks it as observed, even if no caller waits for the result any more.
        _ = completion.Task.Exception;
    }

    /// <summary>Turns an exception that is thrown before the task exists into a failed task.</summary>
    private static async Task<T> InvokeAsync(Func<Task<T>> operation) => await operation();
}
