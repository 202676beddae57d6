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

/// <summary>Represents the counts that <see cref="TokenLimits"/> bound, read under a lock.</summary>
/// <param name="Live">User tokens of the user that have not expired.</param>
/// <param name="OldestOfLimit">
/// The time of the oldest of the last <see cref="TokenLimits.CreationsPerMinute"/> creations, if it is less than a minute ago; otherwise
/// null.
/// </param>
public sealed record UserTokenUsage(long Live, DateTimeOffset? OldestOfLimit);
