namespace Porthor.Server.Login.Local;

/// <summary>
/// Limits the number of passwords that are compared at once. Waiting attempts are in two queues: one for known clients (a known device or a
/// familiar address) and one for all others. While both queues contain attempts, they are served alternately. Therefore unknown clients use
/// at most half of the capacity while known clients wait.
/// </summary>
/// <param name="maxRunning">The number of comparisons that run at once.</param>
/// <param name="maxWaiting">The maximum number of attempts in each queue.</param>
internal sealed class PasswordCheckQueue(int maxRunning, int maxWaiting)
{
    /// <summary>
    /// The maximum number of attempts of one user in the queue of the known clients. Further attempts wait in the other queue.
    /// </summary>
    public const int MaxKnownPerUser = 4;

    private readonly Lock sync = new();
    private readonly LinkedList<Waiter> known = new();
    private readonly LinkedList<Waiter> others = new();
    private int running;
    private bool isTurnOfOthers;

    /// <summary>
    /// Waits for a free slot. Returns false immediately if the queue is full. If it returns true, the caller must call <see cref="Leave"/>.
    /// </summary>
    /// <param name="knownUser">The user that the client is known for; null for an unknown client.</param>
    /// <exception cref="OperationCanceledException">The attempt was canceled while it waited.</exception>
    public async Task<bool> TryEnterAsync(string? knownUser, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<Waiter> node;
        lock (sync)
        {
            if (running < maxRunning)
            {
                running++;
                return true;
            }
            var line = knownUser is not null && known.Count < maxWaiting
                && known.Count(waiter => waiter.KnownUser == knownUser) < MaxKnownPerUser
                ? known
                : others;
            if (line.Count >= maxWaiting)
                return false;
            node = line.AddLast(new Waiter(knownUser));
        }
        await using (cancellationToken.Register(() => Cancel(node, cancellationToken)))
            await node.Value.Turn.Task;
        return true;
    }

    /// <summary>Releases the slot. The next waiting attempt gets it.</summary>
    public void Leave()
    {
        lock (sync)
        {
            var line = known.Count > 0 && (others.Count == 0 || !isTurnOfOthers) ? known : others;
            if (line.First is not { } next)
            {
                running--;
                return;
            }
            isTurnOfOthers = line == known;
            line.RemoveFirst();
            next.Value.Turn.SetResult();
        }
    }

    private void Cancel(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (sync)
        {
            // An attempt that is no longer in a queue has a slot.
            if (node.List is not { } line)
                return;
            line.Remove(node);
            node.Value.Turn.SetCanceled(cancellationToken);
        }
    }

    private sealed record Waiter(string? KnownUser)
    {
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
