namespace Porthor.Server.Login.Oidc;

/// <summary>
/// A thing of the provider's that seldom changes: fetched when it is first asked for, once for all who ask meanwhile, and kept for a
/// while. That it could not be fetched is not remembered.
/// </summary>
internal sealed class Remembered<T>(Func<Task<T>> fetch, TimeSpan keptFor, TimeProvider clock)
    where T : class
{
    private readonly Lock gate = new();
    private Task<T>? current;
    private DateTimeOffset fetchedAt;

    /// <param name="otherThan">What has turned out to be of no use any more; null if nothing has.</param>
    public async Task<T> GetAsync(T? otherThan, CancellationToken cancellationToken) =>
        await Current(otherThan).WaitAsync(cancellationToken);

    private Task<T> Current(T? otherThan)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var isGood = current is not null && !current.IsFaulted && !current.IsCanceled && now - fetchedAt < keptFor
                && !(current.IsCompletedSuccessfully && ReferenceEquals(current.Result, otherThan));
            if (isGood)
                return current!;
            // Not with the caller's token: others may wait for it too.
            (current, fetchedAt) = (fetch(), now);
            return current;
        }
    }
}
