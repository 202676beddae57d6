using System.Diagnostics;
using Porthor.Identity;

namespace Porthor.Server.Health;

/// <summary>Something that the service needs and that may be away.</summary>
/// <param name="Required">Without it, no proxy can be answered.</param>
internal sealed record Dependency(string Name, bool Required, Func<CancellationToken, Task> CheckAsync);

/// <summary>How a dependency was when it was last asked.</summary>
/// <param name="Fault">What was wrong; null if it is up. Holds no secret.</param>
/// <param name="Since">By the clock's timestamps: since when it has been up, or down.</param>
/// <param name="Checked">By the clock's timestamps.</param>
internal sealed record DependencyState(Dependency Dependency, string? Fault, long Since, long Checked)
{
    public bool IsUp => Fault is null;
}

/// <summary>
/// Whether the service can do its work. What it needs is asked, but not more often than once a second, however many want to
/// know.
/// </summary>
/// <param name="patience">How long each may take to answer, if it has no limit of its own.</param>
internal sealed partial class Readiness(IReadOnlyList<Dependency> dependencies, TimeProvider clock, TimeSpan patience, ILogger<Readiness> logger)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, DependencyState> states = [];
    private Task<IReadOnlyList<DependencyState>>? latest;
    private long begun;

    /// <summary>The dependencies' states, in a fixed order.</summary>
    public Task<IReadOnlyList<DependencyState>> CheckAsync()
    {
        lock (gate)
        {
            if (latest is null || (latest.IsCompleted && clock.GetElapsedTime(begun) >= Freshness))
            {
                begun = clock.GetTimestamp();
                latest = CheckAllAsync();
            }
            return latest;
        }
    }

    /// <summary>How long ago something was, by its timestamp.</summary>
    public TimeSpan Ago(long timestamp) => clock.GetElapsedTime(timestamp);

    private async Task<IReadOnlyList<DependencyState>> CheckAllAsync() => await Task.WhenAll(dependencies.Select(CheckAsync));

    private async Task<DependencyState> CheckAsync(Dependency dependency)
    {
        var fault = await FaultOfAsync(dependency);
        var now = clock.GetTimestamp();
        lock (states)
        {
            var before = states.GetValueOrDefault(dependency.Name);
            var changed = before is null || before.IsUp != fault is null;
            if (changed && fault is not null)
                Log.Down(logger, dependency.Name, fault);
            else if (changed && before is not null)
                Log.Up(logger, dependency.Name);
            return states[dependency.Name] = new DependencyState(dependency, fault, changed ? now : before!.Since, now);
        }
    }

    private async Task<string?> FaultOfAsync(Dependency dependency)
    {
        var asked = Stopwatch.GetTimestamp();
        try
        {
            // A probe does not wait for long, and what does not answer in time answers no proxy in time either.
            await Task.Run(() => dependency.CheckAsync(CancellationToken.None)).WaitAsync(patience);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            return $"{e.Message} ({e.What})";
        }
        catch (UserDirectoryException e)
        {
            return e.Reason;
        }
        catch (TimeoutException)
        {
            return $"No answer within {Stopwatch.GetElapsedTime(asked).TotalSeconds:0.0} seconds";
        }
        catch (Exception e)
        {
            // Its text might show an address or worse.
            return e.GetType().Name;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Dependency} is down")]
        public static partial void Down(ILogger logger, string dependency, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Dependency} is up again")]
        public static partial void Up(ILogger logger, string dependency);
    }
}
