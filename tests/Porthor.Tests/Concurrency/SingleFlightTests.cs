using Porthor.Concurrency;

namespace Porthor.Tests.Concurrency;

public sealed class SingleFlightTests
{
    private readonly SingleFlight<string, int> flights = new();
    private readonly TaskCompletionSource<int> answer = new();
    private int started;

    [Fact]
    public async Task Concurrent_callers_with_the_same_key_share_one_run()
    {
        var first = flights.RunAsync("a", WorkAsync, out var firstJoined, CancellationToken.None);
        var second = flights.RunAsync("a", WorkAsync, out var secondJoined, CancellationToken.None);
        answer.SetResult(7);
        (await first).ShouldBe(7);
        (await second).ShouldBe(7);
        (firstJoined, secondJoined, started).ShouldBe((false, true, 1));
    }

    [Fact]
    public async Task Callers_with_different_keys_do_not_share_a_run()
    {
        answer.SetResult(7);
        await Task.WhenAll(
            flights.RunAsync("a", WorkAsync, CancellationToken.None), flights.RunAsync("b", WorkAsync, CancellationToken.None));
        started.ShouldBe(2);
    }

    [Fact]
    public async Task A_cancelled_caller_does_not_cancel_the_others()
    {
        using var cancellation = new CancellationTokenSource();
        var first = flights.RunAsync("a", WorkAsync, cancellation.Token);
        var second = flights.RunAsync("a", WorkAsync, CancellationToken.None);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        answer.SetResult(7);
        (await second).ShouldBe(7);
        started.ShouldBe(1);
    }

    [Fact]
    public async Task A_failure_reaches_all_callers_and_is_not_cached()
    {
        var first = flights.RunAsync("a", WorkAsync, CancellationToken.None);
        var second = flights.RunAsync("a", WorkAsync, CancellationToken.None);
        answer.SetException(new InvalidDataException("bad"));
        (await Should.ThrowAsync<InvalidDataException>(first)).Message.ShouldBe("bad");
        await Should.ThrowAsync<InvalidDataException>(second);
        (await flights.RunAsync("a", () => Task.FromResult(8), CancellationToken.None)).ShouldBe(8);
    }

    [Fact]
    public async Task A_result_is_not_cached()
    {
        answer.SetResult(7);
        await flights.RunAsync("a", WorkAsync, CancellationToken.None);
        (await flights.RunAsync("a", () => Task.FromResult(8), CancellationToken.None)).ShouldBe(8);
    }

    [Fact]
    public async Task Work_that_throws_before_it_returns_a_task_fails_the_caller_only_through_the_task()
    {
        var result = flights.RunAsync("a", () => throw new InvalidDataException(), CancellationToken.None);
        await Should.ThrowAsync<InvalidDataException>(result);
        (await flights.RunAsync("a", () => Task.FromResult(8), CancellationToken.None)).ShouldBe(8);
    }

    private Task<int> WorkAsync()
    {
        Interlocked.Increment(ref started);
        return answer.Task;
    }
}
