using Porthor.Server.Login.Local;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>The order in which login attempts are processed.</summary>
public sealed class PasswordCheckQueueTests
{
    private readonly PasswordCheckQueue queue = new(maxRunning: 1, maxWaiting: 3);

    [Fact]
    public async Task Known_clients_have_a_separate_queue_and_the_queues_alternate()
    {
        (await EnterAsync(null)).ShouldBeTrue();
        var others = Enumerable.Range(0, 3).Select(_ => EnterAsync(null)).ToList();
        (await EnterAsync(null)).ShouldBeFalse();
        var known = Enumerable.Range(0, 3).Select(i => EnterAsync($"user-{i}")).ToList();
        // The queue of the known clients is full, and so is the other one.
        (await EnterAsync("user-4")).ShouldBeFalse();
        foreach (var next in (Task<bool>[])[known[0], others[0], known[1], others[1], known[2], others[2]])
        {
            next.IsCompleted.ShouldBeFalse();
            queue.Leave();
            (await next.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).ShouldBeTrue();
        }
        queue.Leave();
        (await EnterAsync(null)).ShouldBeTrue();
    }

    [Fact]
    public async Task One_user_cannot_fill_the_queue_of_the_known_clients()
    {
        var wide = new PasswordCheckQueue(maxRunning: 1, maxWaiting: 16);
        (await wide.TryEnterAsync(null, CancellationToken.None)).ShouldBeTrue();
        List<Task<bool>> waiting = [.. Enumerable.Range(0, 40).Select(_ => wide.TryEnterAsync("mallory", CancellationToken.None))];
        waiting.Count(task => !task.IsCompleted).ShouldBe(PasswordCheckQueue.MaxKnownPerUser + 16);
        wide.TryEnterAsync("alice", CancellationToken.None).IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task A_cancelled_attempt_frees_its_place()
    {
        (await EnterAsync(null)).ShouldBeTrue();
        using var canceled = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 3).Select(_ => queue.TryEnterAsync(null, canceled.Token)).ToList();
        (await EnterAsync(null)).ShouldBeFalse();
        await canceled.CancelAsync();
        foreach (var task in waiting)
            await Should.ThrowAsync<OperationCanceledException>(() => task);
        var next = EnterAsync(null);
        next.IsCompleted.ShouldBeFalse();
        queue.Leave();
        (await next.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).ShouldBeTrue();
    }

    private Task<bool> EnterAsync(string? knownUser) => queue.TryEnterAsync(knownUser, CancellationToken.None);
}
