using Porthor.Server.Login.Local;

namespace Porthor.Server.Tests.Login.Local;

public sealed partial class LoginThrottleTests
{
    /// <summary>Concurrent correct logins of one user at one address all succeed.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("laptop")]
    public async Task Simultaneous_correct_logins_wait_for_each_other(string? device)
    {
        var attempts = Enumerable.Range(0, 20).Select(_ => BeginAsync(device)).ToList();
        attempts.Count(attempt => attempt.IsCompleted).ShouldBe(5);
        while (attempts.Count > 0)
        {
            var next = await Task.WhenAny(attempts);
            attempts.Remove(next);
            var begun = await next;
            begun.IsRefused.ShouldBeFalse();
            throttle.Succeeded(begun);
        }
        WaitOf("alice", Home, device).ShouldBe(0);
    }

    /// <summary>
    /// Waiting attempts are rejected when the attempts before them fail: no more passwords are checked than in sequential attempts.
    /// </summary>
    [Fact]
    public async Task Concurrent_guesses_are_limited_like_sequential_guesses()
    {
        var attempts = Enumerable.Range(0, 20).Select(_ => BeginAsync()).ToList();
        foreach (var attempt in attempts.Take(5))
            throttle.Failed(await attempt);
        foreach (var attempt in attempts.Skip(5))
            (await attempt).WaitSeconds.ShouldBe("2");
        // After the delay one attempt is checked, and the others wait for its result.
        clock.Advance(TimeSpan.FromSeconds(2));
        attempts = [.. Enumerable.Range(0, 20).Select(_ => BeginAsync())];
        attempts.Count(attempt => attempt.IsCompleted).ShouldBe(1);
        throttle.Failed(await attempts[0]);
        foreach (var attempt in attempts.Skip(1))
            (await attempt).WaitSeconds.ShouldBe("4");
    }

    /// <summary>Attempts without a check, or whose client has disconnected, free their places.</summary>
    [Fact]
    public async Task Ended_attempts_free_places_for_waiting_ones()
    {
        var begun = Enumerable.Range(0, 5).Select(_ => throttle.Begin("alice", Home, device: null)).ToList();
        using var gone = new CancellationTokenSource();
        var first = throttle.BeginAsync("alice", Home, device: null, gone.Token);
        var second = BeginAsync();
        await gone.CancelAsync();
        (await first).IsRefused.ShouldBeTrue();
        second.IsCompleted.ShouldBeFalse();
        throttle.PayBack(begun[0]);
        (await second).IsRefused.ShouldBeFalse();
    }

    [Fact]
    public async Task The_number_of_waiting_attempts_is_limited()
    {
        for (var network = 0; network < 10; network++)
        {
            for (var i = 0; i < 5; i++)
                throttle.Begin("alice", Address(network), device: null).IsRefused.ShouldBeFalse();
        }
        List<Task<CountedAttempt>> waiting = [];
        for (var i = 0; i < 50 * 10; i++)
            waiting.Add(throttle.BeginAsync("alice", Address(i / 50), device: null, TestContext.Current.CancellationToken));
        waiting.Count(attempt => !attempt.IsCompleted).ShouldBe(LoginThrottle.MaxWaiting);
        waiting.Take(50).Count(attempt => !attempt.IsCompleted).ShouldBe(LoginThrottle.MaxWaitingPerNetwork);
        (await waiting[49]).WaitSeconds.ShouldBe("2");
    }
}
