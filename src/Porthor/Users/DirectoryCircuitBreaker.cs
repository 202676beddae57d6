namespace Porthor.Users;

/// <summary>
/// Records that the directory is unavailable. Requests that do not require the directory then do not query it. After a pause, they query it
/// again.
/// </summary>
internal sealed class DirectoryCircuitBreaker(TimeProvider clock)
{
    /// <summary>The time for which requests that do not require the directory do not query it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private long end;

    public long PauseEnd => Volatile.Read(ref end);

    public bool IsPaused => clock.GetTimestamp() < Volatile.Read(ref end);

    public void Begin() => Volatile.Write(ref end, clock.GetTimestamp() + (long)(Pause.TotalSeconds * clock.TimestampFrequency));

    public void End() => Volatile.Write(ref end, 0);
}
