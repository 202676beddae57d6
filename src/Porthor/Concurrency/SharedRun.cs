namespace Porthor.Concurrency;

/// <summary>Represents one run of an operation, whose result several callers may await.</summary>
internal sealed class SharedRun<T>
{
    // The continuations of the callers run on other threads, so that they delay neither the operation nor other callers.
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Returns the result of the run.</summary>
    public Task<T> Result => completion.Task;

    /// <summary>
    /// Runs the operation, and sets the result. If the operation throws, callers get its exception. Must be called exactly once.
    /// </summary>
    public async Task StartAsync(Func<Task<T>> operation)
    {
        var run = InvokeAsync(operation);
        await ((Task)run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        completion.SetFromTask(run);
        // Reading the exception marks it as observed, even if no caller waits for the result.
        _ = completion.Task.Exception;
    }

    /// <summary>Starts the operation. If it throws instead of returning a task, returns a failed task.</summary>
    private static async Task<T> InvokeAsync(Func<Task<T>> operation) => await operation();
}
