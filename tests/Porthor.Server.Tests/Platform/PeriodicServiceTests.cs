using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Porthor.Server.Platform;

namespace Porthor.Server.Tests.Platform;

public sealed class PeriodicServiceTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>The timeout of a driver is an <see cref="OperationCanceledException"/> too, although the server is not stopping.</summary>
    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task An_error_of_a_run_is_logged_and_later_runs_follow(Type error)
    {
        var clock = new FakeTimeProvider();
        using var service = new Service(clock, runsAtStart: true) { Error = (Exception)Activator.CreateInstance(error)! };
        await service.StartAsync(CancellationToken.None);
        for (var run = 1; run <= 3; run++)
        {
            (await service.NextRunAsync()).ShouldBe(run);
            clock.Advance(Interval);
        }
        (await service.NextRunAsync()).ShouldBe(4);
        await service.StopAsync(CancellationToken.None);
        service.ExecuteTask!.IsFaulted.ShouldBeFalse();
        service.Errors.Count.ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task The_first_run_can_begin_after_one_interval()
    {
        var clock = new Clock();
        using var service = new Service(clock, runsAtStart: false);
        await service.StartAsync(CancellationToken.None);
        await clock.TimerCreated.Task;
        clock.Advance(Interval - TimeSpan.FromTicks(1));
        service.Runs.Reader.TryRead(out _).ShouldBeFalse();
        clock.Advance(TimeSpan.FromTicks(1));
        (await service.NextRunAsync()).ShouldBe(1);
        await service.StopAsync(CancellationToken.None);
    }

    /// <summary>Reports when the service has created its timer.</summary>
    private sealed class Clock : FakeTimeProvider
    {
        public TaskCompletionSource TimerCreated { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            TimerCreated.TrySetResult();
            return timer;
        }
    }

    private sealed class Service(TimeProvider clock, bool runsAtStart) : PeriodicService(Interval, runsAtStart, clock)
    {
        private int runs;

        public Channel<int> Runs { get; } = Channel.CreateUnbounded<int>();

        public Exception? Error { get; init; }

        public Task<int> NextRunAsync() => Runs.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        public List<Exception> Errors { get; } = [];

        protected override Task RunAsync(CancellationToken cancellationToken)
        {
            Runs.Writer.TryWrite(++runs);
            return Error is null ? Task.CompletedTask : Task.FromException(Error);
        }

        protected override void LogError(Exception error) => Errors.Add(error);
    }
}
