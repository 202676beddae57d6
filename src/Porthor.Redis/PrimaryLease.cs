using System.Diagnostics;

namespace Porthor.Redis;

/// <summary>
/// Represents the time until which a server may be used, because it confirmed that it is the primary. The time is counted from the query
/// and not from the response, because the role may change immediately after the server has sent the response.
/// </summary>
/// <param name="length">The time for which a confirmation is valid.</param>
internal sealed class PrimaryLease(TimeSpan length)
{
    private readonly Lock state = new();
    private long validUntil;
    private int epoch;

    public TimeSpan Length => length;

    public bool IsValid => Stopwatch.GetTimestamp() < Volatile.Read(ref validUntil);

    /// <summary>Begins a confirmation. Pass the result to <see cref="Extend"/>.</summary>
    public (long QueriedAt, int Epoch) Begin() => (Stopwatch.GetTimestamp(), Volatile.Read(ref epoch));

    /// <summary>
    /// Extends the lease, because the server confirmed that it is the primary. Has no effect if the lease was ended after the query.
    /// </summary>
    public void Extend((long QueriedAt, int Epoch) begun)
    {
        lock (state)
        {
            if (begun.Epoch == epoch)
                validUntil = begun.QueriedAt + (long)(length.TotalSeconds * Stopwatch.Frequency);
        }
    }

    /// <summary>Ends the lease, and ignores the responses to pending queries.</summary>
    public void End()
    {
        lock (state)
        {
            epoch++;
            validUntil = 0;
        }
    }
}
