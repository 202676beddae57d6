namespace Porthor.Server.Tests.Api;

/// <summary>
/// A clock that only the test advances, so that every time in a response is known. Its timers are those of the system, because waiting for
/// a store must not depend on the test.
/// </summary>
internal sealed class ManualClock(DateTimeOffset begin) : TimeProvider
{
    private long offset;

    public override DateTimeOffset GetUtcNow() => begin + TimeSpan.FromTicks(Interlocked.Read(ref offset));

    /// <summary>The system's timestamp plus the time by which the test advanced the clock.</summary>
    public override long GetTimestamp() =>
        System.GetTimestamp() + (long)(TimeSpan.FromTicks(Interlocked.Read(ref offset)).TotalSeconds * TimestampFrequency);

    public void Advance(TimeSpan time) => Interlocked.Add(ref offset, time.Ticks);
}
