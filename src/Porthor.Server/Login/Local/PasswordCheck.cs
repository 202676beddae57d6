using Porthor.Server.Accounts;
using Porthor.Telemetry;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Compares passwords with hashes. A comparison is deliberately expensive, and takes equally long for every user and for unknown users.
/// The numbers of running comparisons and of waiting attempts are limited, so that the rest of the service has enough CPU time.
/// A share of the capacity is reserved for known clients (<see cref="PasswordCheckQueue"/>).
/// </summary>
internal sealed class PasswordCheck(PorthorMetrics metrics)
{
    /// <summary>The maximum number of waiting attempts of known clients. The same maximum applies to other clients.</summary>
    public const int MostWaiting = 16;

    /// <summary>The time after which a client should try again. By then, some of the waiting attempts are finished.</summary>
    public static readonly TimeSpan BusyFor = TimeSpan.FromSeconds(2);

    private readonly PasswordCheckQueue queue = new(Math.Max(1, Environment.ProcessorCount / 4), MostWaiting);

    /// <summary>Returns whether the password is correct, or null if too many other attempts wait.</summary>
    /// <param name="hash">The hash; null if the user does not exist. The result is then false, after the same time.</param>
    /// <param name="iterations">The cost of the comparison: at least the cost of each user's hash.</param>
    /// <param name="knownUser">The user that the client is known for; null for an unknown client.</param>
    public async Task<bool?> MatchesAsync(
        PasswordHash? hash, string password, int iterations, string? knownUser, CancellationToken cancellationToken)
    {
        if (!await queue.TryEnterAsync(knownUser, cancellationToken))
            return null;
        try
        {
            return await Task.Run(() => Matches(hash, password, iterations), CancellationToken.None);
        }
        finally
        {
            queue.Leave();
        }
    }

    private bool Matches(PasswordHash? hash, string password, int iterations)
    {
        var compared = hash ?? PasswordHash.OfNobody(iterations);
        var matches = compared.Matches(password);
        var rest = Math.Max(0, iterations - compared.Iterations);
        // If normalization changes the password, the comparison takes twice as long, for every user.
        var candidates = OpaquePassword.Candidates(password).Count;
        PasswordHash.Spend(rest * candidates);
        metrics.PasswordCompared((compared.Iterations + rest) * candidates);
        return matches && hash is not null;
    }
}
