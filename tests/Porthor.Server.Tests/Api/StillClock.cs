namespace Porthor.Server.Tests.Api;

/// <summary>
/// A clock that stands still until a test moves it, so that every time in an answer is known beforehand. Its timers are the
/// system's: what waits for a store to come up must not wait for the test.
/// </summary>
internal sealed class StillClock(DateTimeOffset begin) : TimeProvider
{
    private long offset;

    public override DateTimeOffset GetUtcNow() => begin + TimeSpan.FromTicks(Interlocked.Read(ref offset));

    /// <summary>As time passes for the system, and by what a test moved it.</summary>
    public override long GetTimestamp() => System.GetTimestamp() + (long)(TimeSpan.FromTicks(Interlocked.Read(ref offset)).TotalSeconds * TimestampFrequency);

    public void Advance(TimeSpan time) => Interlocked.Add(ref offset, time.Ticks);
}
