using Porthor.Events;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Compares passwords with hashes, which is made to cost much. Each comparison costs the same, whoever it is for and whether or not
/// there is such a user; few run at once, so that authorizations next to them have a processor, and few wait.
/// </summary>
internal sealed class PasswordCheck(PorthorMetrics metrics) : IDisposable
{
    public const int MostWaiting = 16;

    /// <summary>By then some of those who wait have had their turn.</summary>
    public static readonly TimeSpan BusyFor = TimeSpan.FromSeconds(2);

    private static readonly int AtOnce = Math.Max(1, Environment.ProcessorCount / 4);

    private readonly SemaphoreSlim gate = new(AtOnce);
    private int present;

    /// <summary>Whether the password is the one; null if too many others wait to know the same.</summary>
    /// <param name="hash">Null if there is no such user; the answer is then no, and took as long.</param>
    /// <param name="iterations">What the comparison is to cost: at least what any user's hash does.</param>
    public async Task<bool?> MatchesAsync(PasswordHash? hash, string password, int iterations, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref present) > AtOnce + MostWaiting)
                return null;
            await gate.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Matches(hash, password, iterations), CancellationToken.None);
            }
            finally
            {
                gate.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref present);
        }
    }

    public void Dispose() => gate.Dispose();

    private bool Matches(PasswordHash? hash, string password, int iterations)
    {
        var compared = hash ?? PasswordHash.OfNobody(iterations);
        var matches = compared.Matches(password);
        var rest = Math.Max(0, iterations - compared.Iterations);
        PasswordHash.Spend(rest);
        metrics.PasswordCompared(compared.Iterations + rest);
        return matches && hash is not null;
    }
}
