using Microsoft.Extensions.Time.Testing;
using Porthor.Concurrency;

namespace Porthor.Tests.Concurrency;

public sealed class SharedOperationTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider clock = new();
    private readonly List<TaskCompletionSource<string>> runs = [];

    [Fact]
    public async Task Concurrent_callers_share_one_run()
    {
        var operation = Create(TimeSpan.Zero);
        var callers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Task.FromResult(operation.GetAsync()))));
        var run = runs.ShouldHaveSingleItem();
        run.SetResult("a");
        (await Task.WhenAll(callers)).ShouldAllBe(result => result == "a");
    }

    [Fact]
    public async Task Callers_join_a_run_of_any_age()
    {
        var operation = Create(Second);
        var first = operation.GetAsync();
        clock.Advance(10 * Second);
        var second = operation.GetAsync();
        runs.ShouldHaveSingleItem().SetResult("a");
        (await first, await second).ShouldBe(("a", "a"));
    }

    [Fact]
    public async Task Callers_join_no_old_run_if_the_result_must_be_fresh()
    {
        var operation = Create(Second, joinsOnlyFreshRuns: true);
        var first = operation.GetAsync();
        clock.Advance(Second);
        var second = operation.GetAsync();
        runs.Count.ShouldBe(2);
        runs[1].SetResult("new");
        (await second).ShouldBe("new");
        runs[0].SetResult("old");
        (await first).ShouldBe("old");
        operation.TryGet(out var kept).ShouldBeTrue();
        kept.ShouldBe("new");
    }

    [Fact]
    public async Task A_cancelled_caller_does_not_cancel_the_others()
    {
        var operation = Create(TimeSpan.Zero);
        using var cancellation = new CancellationTokenSource();
        var first = operation.GetAsync(cancellation.Token);
        var second = operation.GetAsync();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        runs.ShouldHaveSingleItem().SetResult("a");
        (await second).ShouldBe("a");
    }

    [Fact]
    public async Task A_result_is_kept_while_it_is_fresh()
    {
        var operation = Create(Second);
        operation.TryGet(out _).ShouldBeFalse();
        var first = operation.GetAsync();
        operation.TryGet(out _).ShouldBeFalse();
        runs[0].SetResult("a");
        await first;
        clock.Advance(Second - TimeSpan.FromTicks(1));
        operation.TryGet(out var kept).ShouldBeTrue();
        kept.ShouldBe("a");
        (await operation.GetAsync()).ShouldBe("a");
        clock.Advance(TimeSpan.FromTicks(1));
        operation.TryGet(out _).ShouldBeFalse();
        _ = operation.GetAsync();
        runs.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_result_is_kept_for_ever_on_request()
    {
        var operation = Create(Timeout.InfiniteTimeSpan);
        var first = operation.GetAsync();
        runs[0].SetResult("a");
        await first;
        clock.Advance(TimeSpan.FromDays(1000));
        (await operation.GetAsync()).ShouldBe("a");
        runs.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        var operation = Create(Timeout.InfiniteTimeSpan);
        var first = operation.GetAsync();
        runs[0].SetException(new InvalidDataException());
        await Should.ThrowAsync<InvalidDataException>(first);
        operation.TryGet(out _).ShouldBeFalse();
        var second = operation.GetAsync();
        runs[1].SetCanceled(TestContext.Current.CancellationToken);
        await Should.ThrowAsync<OperationCanceledException>(second);
        _ = operation.GetAsync();
        runs.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_failure_is_kept_for_the_retry_pause_after_the_end_of_the_run()
    {
        var operation = Create(TimeSpan.Zero, retryPause: Second);
        var first = operation.GetAsync();
        clock.Advance(10 * Second);
        runs[0].SetException(new InvalidDataException());
        await Should.ThrowAsync<InvalidDataException>(first);
        clock.Advance(Second - TimeSpan.FromTicks(1));
        await Should.ThrowAsync<InvalidDataException>(operation.GetAsync());
        runs.Count.ShouldBe(1);
        clock.Advance(TimeSpan.FromTicks(1));
        _ = operation.GetAsync();
        runs.Count.ShouldBe(2);
    }

    [Fact]
    public async Task After_a_reset_the_next_caller_starts_a_new_run()
    {
        var operation = Create(Timeout.InfiniteTimeSpan);
        var first = operation.GetAsync();
        operation.Reset();
        var second = operation.GetAsync();
        runs.Count.ShouldBe(2);
        runs[1].SetResult("new");
        runs[0].SetResult("old");
        (await first, await second, await operation.GetAsync()).ShouldBe(("old", "new", "new"));
    }

    [Fact]
    public async Task An_operation_that_throws_before_it_returns_a_task_fails_its_callers()
    {
        SharedOperation<string> operation = new(() => throw new InvalidDataException(), Second, clock);
        await Should.ThrowAsync<InvalidDataException>(operation.GetAsync());
        await operation.WhenIdleAsync();
    }

    [Fact]
    public async Task WhenIdleAsync_waits_for_the_latest_run()
    {
        var operation = Create(TimeSpan.Zero);
        await operation.WhenIdleAsync();
        var caller = operation.GetAsync();
        var idle = operation.WhenIdleAsync();
        idle.IsCompleted.ShouldBeFalse();
        runs[0].SetException(new InvalidDataException());
        await idle;
        await Should.ThrowAsync<InvalidDataException>(caller);
    }

    private SharedOperation<string> Create(TimeSpan freshness, bool joinsOnlyFreshRuns = false, TimeSpan retryPause = default) =>
        new(StartAsync, freshness, clock) { JoinsOnlyFreshRuns = joinsOnlyFreshRuns, RetryPause = retryPause };

    private Task<string> StartAsync()
    {
        TaskCompletionSource<string> run = new();
        lock (runs)
            runs.Add(run);
        return run.Task;
    }
}
