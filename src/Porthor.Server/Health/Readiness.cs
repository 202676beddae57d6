using System.Diagnostics;
using Porthor.Concurrency;
using Porthor.Identity;

namespace Porthor.Server.Health;

/// <summary>Represents a service that Porthor depends on and that can become unavailable.</summary>
/// <param name="Required">True if forward authentication needs it.</param>
internal sealed record Dependency(string Name, bool Required, Func<CancellationToken, Task> CheckAsync);

/// <summary>Represents the result of the last check of a dependency.</summary>
/// <param name="Error">The error; null if the dependency is up. It contains no secret.</param>
/// <param name="Since">The time at which the state changed, as a timestamp of the clock.</param>
/// <param name="Checked">The time of the check, as a timestamp of the clock.</param>
internal sealed record DependencyState(Dependency Dependency, string? Error, long Since, long Checked)
{
    public bool IsUp => Error is null;
}

/// <summary>
/// Checks whether the service is ready. Each dependency is checked at most once per second, however many callers there are.
/// </summary>
internal sealed partial class Readiness
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, DependencyState> states = [];
    private readonly IReadOnlyList<Dependency> dependencies;
    private readonly TimeProvider clock;
    private readonly TimeSpan timeout;
    private readonly ILogger<Readiness> logger;
    private readonly SharedOperation<IReadOnlyList<DependencyState>> check;

    /// <param name="dependencies">The dependencies.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="timeout">The timeout of each check.</param>
    /// <param name="logger">The logger.</param>
    public Readiness(IReadOnlyList<Dependency> dependencies, TimeProvider clock, TimeSpan timeout, ILogger<Readiness> logger)
    {
        (this.dependencies, this.clock, this.timeout, this.logger) = (dependencies, clock, timeout, logger);
        check = new(CheckAllAsync, Freshness, clock);
    }

    /// <summary>Returns the states of the dependencies in a fixed order.</summary>
    public Task<IReadOnlyList<DependencyState>> CheckAsync() => check.GetAsync();

    /// <summary>Returns the time since a timestamp.</summary>
    public TimeSpan Ago(long timestamp) => clock.GetElapsedTime(timestamp);

    private async Task<IReadOnlyList<DependencyState>> CheckAllAsync() => await Task.WhenAll(dependencies.Select(CheckAsync));

    private async Task<DependencyState> CheckAsync(Dependency dependency)
    {
        var error = await ErrorOfAsync(dependency);
        var now = clock.GetTimestamp();
        lock (states)
        {
            var before = states.GetValueOrDefault(dependency.Name);
            var changed = before is null || before.IsUp != error is null;
            if (changed && error is not null)
                Log.Down(logger, dependency.Name, error);
            else if (changed && before is not null)
                Log.Up(logger, dependency.Name);
            return states[dependency.Name] = new DependencyState(dependency, error, changed ? now : before!.Since, now);
        }
    }

    private async Task<string?> ErrorOfAsync(Dependency dependency)
    {
        var asked = Stopwatch.GetTimestamp();
        try
        {
            // A probe does not wait long, and a dependency that does not respond in this time is also too slow for forward authentication.
            await Task.Run(() => dependency.CheckAsync(CancellationToken.None)).WaitAsync(timeout);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            return e.LogText;
        }
        catch (UserDirectoryException e)
        {
            return e.Reason;
        }
        catch (TimeoutException)
        {
            return $"No response within {Stopwatch.GetElapsedTime(asked).TotalSeconds:0.0} seconds";
        }
        catch (Exception e)
        {
            // The message could contain an address or a secret.
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
