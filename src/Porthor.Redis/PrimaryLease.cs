using System.Diagnostics;

namespace Porthor.Redis;

/// <summary>
/// Until when a server may be used because it confirmed lately that it is the primary. The time counts from when it was asked: its role may
/// have changed right after it answered.
/// </summary>
/// <param name="length">For how long a confirmation holds.</param>
internal sealed class PrimaryLease(TimeSpan length)
{
    private readonly Lock state = new();
    private long validUntil;
    private int epoch;

    public TimeSpan Length => length;

    public bool IsValid => Stopwatch.GetTimestamp() < Volatile.Read(ref validUntil);

    /// <summary>Begins a confirmation; what it returns goes to <see cref="Extend"/>.</summary>
    public (long Asked, int Epoch) Begin() => (Stopwatch.GetTimestamp(), Volatile.Read(ref epoch));

    /// <summary>The server has confirmed that it is the primary, unless the lease was ended after the server was asked.</summary>
    public void Extend((long Asked, int Epoch) begun)
    {
        lock (state)
        {
            if (begun.Epoch == epoch)
                validUntil = begun.Asked + (long)(length.TotalSeconds * Stopwatch.Frequency);
        }
    }

    /// <summary>Ends the lease, and ignores the answers of confirmations that are under way.</summary>
    public void End()
    {
        lock (state)
        {
            epoch++;
            validUntil = 0;
        }
    }
}
