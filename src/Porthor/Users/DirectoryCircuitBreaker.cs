namespace Porthor.Users;

/// <summary>
/// Records that the directory is unavailable, so that requests that do not require it do not wait for it. After a pause, requests use it
/// again.
/// </summary>
internal sealed class DirectoryCircuitBreaker(TimeProvider clock)
{
    /// <summary>The time for which requests that do not require the directory do not use it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private long end;

    public long PauseEnd => Volatile.Read(ref end);

    public bool IsPaused => clock.GetTimestamp() < Volatile.Read(ref end);

    public void Begin() => Volatile.Write(ref end, clock.GetTimestamp() + (long)(Pause.TotalSeconds * clock.TimestampFrequency));

    public void End() => Volatile.Write(ref end, 0);
}
