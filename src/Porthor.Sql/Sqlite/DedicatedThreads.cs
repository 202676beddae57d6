using System.Collections.Concurrent;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// Runs blocking work on dedicated threads. SQLite's driver is synchronous: on the thread pool, a slow disk would delay unrelated
/// requests.
/// </summary>
internal sealed class DedicatedThreads : IDisposable
{
    private readonly BlockingCollection<Action> queue = [];
    private readonly Thread[] threads;

    public DedicatedThreads(string name, int count)
    {
        threads = [.. Enumerable.Range(1, count).Select(number => new Thread(Work) { IsBackground = true, Name = $"{name} {number}" })];
        foreach (var thread in threads)
            thread.Start();
    }

    /// <summary>Returns the number of work items that no thread has started.</summary>
    public int Waiting => queue.Count;

    /// <summary>Runs work on one of the threads.</summary>
    public async Task<T> RunAsync<T>(Func<T> work)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Add(() =>
        {
            try
            {
                completion.SetResult(work());
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        return await completion.Task;
    }

    /// <summary>Waits until the queued work has ended, and stops the threads.</summary>
    public void Dispose()
    {
        queue.CompleteAdding();
        foreach (var thread in threads)
            thread.Join();
        queue.Dispose();
    }

    private void Work()
    {
        foreach (var work in queue.GetConsumingEnumerable())
            work();
    }
}
