namespace Porthor.Users;

/// <summary>
/// Notes that the directory is away, so that those who can do without do not each wait for it. It is tried again by one
/// request at a time.
/// </summary>
internal sealed class DirectoryCircuitBreaker(TimeProvider clock)
{
    /// <summary>How long nobody tries who can do without.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private long end;

    public long PauseEnd => Volatile.Read(ref end);

    public bool IsPaused => clock.GetTimestamp() < Volatile.Read(ref end);

    public void Begin() => Volatile.Write(ref end, clock.GetTimestamp() + (long)(Pause.TotalSeconds * clock.TimestampFrequency));

    public void End() => Volatile.Write(ref end, 0);
}
