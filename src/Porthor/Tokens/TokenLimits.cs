namespace Porthor.Tokens;

/// <summary>
/// Represents the limits for users who create user tokens for themselves (deviations 34). They do not apply to administrators who create
/// tokens for other users, and not to the command line.
/// </summary>
public sealed record TokenLimits
{
    /// <summary>The maximum number of unexpired user tokens of a user; zero for no limit.</summary>
    public long Live { get; init; }

    /// <summary>The maximum number of user tokens that a user may create per minute; zero for no limit.</summary>
    public long CreationsPerMinute { get; init; }

    /// <summary>Returns true if there is any limit.</summary>
    public bool Any => Live > 0 || CreationsPerMinute > 0;
}

/// <summary>Represents the numbers that are compared with <see cref="TokenLimits"/>. They are read under a lock.</summary>
/// <param name="Live">The number of unexpired user tokens of the user.</param>
/// <param name="OldestOfLimit">
/// If the user has created at least <see cref="TokenLimits.CreationsPerMinute"/> tokens within the last minute, the time of the oldest of
/// that many latest creations; otherwise null.
/// </param>
public sealed record UserTokenUsage(long Live, DateTimeOffset? OldestOfLimit);
