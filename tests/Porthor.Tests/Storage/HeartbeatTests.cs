using Microsoft.Extensions.Time.Testing;
using Porthor.Storage;

namespace Porthor.Tests.Storage;

/// <summary>The heartbeat distinguishes a store that does not respond from one that responds late and from a suspended machine.</summary>
public sealed class HeartbeatTests : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly FakeTimeProvider clock = new();
    private readonly Heartbeat heartbeat;
    private volatile TaskCompletionSource response = new();
    private volatile int started;
    private volatile int reports;

    public HeartbeatTests() => heartbeat = new Heartbeat(
        TimeSpan.FromSeconds(1),
        clock,
        () =>
        {
            Interlocked.Increment(ref started);
            return (response = new TaskCompletionSource()).Task;
        },
        () => Interlocked.Increment(ref reports));

    public ValueTask DisposeAsync() => heartbeat.DisposeAsync();

    [Fact]
    public async Task Three_beats_without_a_response_are_reported_once()
    {
        await AdvanceUntilAsync(() => started == 1);
        (await AdvanceUntilAsync(() => reports == 1)).ShouldBeGreaterThanOrEqualTo(3);
        for (var beat = 0; beat < 20; beat++)
            await AdvanceAsync();
        (started, reports).ShouldBe((1, 1));
    }

    [Fact]
    public async Task After_an_error_the_store_is_checked_again_and_a_missing_response_is_reported_again()
    {
        for (var time = 1; time <= 3; time++)
        {
            await AdvanceUntilAsync(() => started == time);
            await AdvanceUntilAsync(() => reports == time);
            response.SetException(new StoreUnavailableException("token record store", "given up"));
        }
    }

    [Fact]
    public async Task A_late_response_within_three_beats_is_not_reported()
    {
        for (var time = 1; time <= 10; time++)
        {
            await AdvanceUntilAsync(() => started == time);
            await AdvanceAsync();
            await AdvanceAsync();
            response.SetResult();
        }
        reports.ShouldBe(0);
    }

    [Fact]
    public async Task A_suspended_machine_does_not_report_the_store()
    {
        await AdvanceUntilAsync(() => started == 1);
        clock.Advance(100 * Pause);
        response.SetResult();
        await AdvanceUntilAsync(() => started == 2);
        reports.ShouldBe(0);
    }

    /// <summary>A library can throw before it returns a task. The heartbeat must continue after that.</summary>
    [Fact]
    public async Task A_check_that_throws_synchronously_is_repeated()
    {
        var failed = 0;
        await using var failing = new Heartbeat(
            TimeSpan.FromSeconds(1), clock, () => Interlocked.Increment(ref failed) > 0 ? throw new ObjectDisposedException("connection")
                : Task.CompletedTask, () => { });
        await AdvanceUntilAsync(() => Volatile.Read(ref failed) == 3);
    }

    [Fact]
    public async Task A_callback_that_throws_is_called_again_and_does_not_end_the_heartbeat()
    {
        var (calls, checks) = (0, 0);
        var unanswered = new TaskCompletionSource();
        await using var throwing = new Heartbeat(
            TimeSpan.FromSeconds(1),
            clock,
            () => Interlocked.Increment(ref checks) == 1 ? unanswered.Task : Task.CompletedTask,
            () =>
            {
                if (Interlocked.Increment(ref calls) < 3)
                    throw new InvalidOperationException("The socket is closed.");
            });
        await AdvanceUntilAsync(() => Volatile.Read(ref calls) == 3);
        for (var beat = 0; beat < 20; beat++)
            await AdvanceAsync();
        Volatile.Read(ref calls).ShouldBe(3);
        unanswered.SetResult();
        await AdvanceUntilAsync(() => Volatile.Read(ref checks) == 3);
    }

    /// <summary>Waits for a condition and returns the number of beats.</summary>
    private async Task<int> AdvanceUntilAsync(Func<bool> condition)
    {
        for (var beats = 0; ; beats++)
        {
            if (condition())
                return beats;
            beats.ShouldBeLessThan(10_000);
            await AdvanceAsync();
        }
    }

    private async Task AdvanceAsync()
    {
        clock.Advance(Pause);
        await Task.Yield();
    }
}
