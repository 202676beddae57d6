namespace Porthor.Tokens;

/// <summary>
/// Limits on the user tokens that users create for themselves (deviations 34). Administrators who create tokens for others, and the
/// command line, are exempt.
/// </summary>
public sealed record TokenLimits
{
    /// <summary>How many user tokens a user may have that have not expired; zero for no limit.</summary>
    public long Live { get; init; }

    /// <summary>How many user tokens a user may create per minute; zero for no limit.</summary>
    public long CreationsPerMinute { get; init; }

    public bool Any => Live > 0 || CreationsPerMinute > 0;
}

/// <summary>What <see cref="TokenLimits"/> apply to, as counted under a lock.</summary>
/// <param name="Live">User tokens of the user that have not expired.</param>
/// <param name="OldestOfLimit">
/// When the oldest of the last <see cref="TokenLimits.CreationsPerMinute"/> creations was, if it was less than a minute ago; else null.
/// </param>
public sealed record UserTokenUsage(long Live, DateTimeOffset? OldestOfLimit);
