namespace Porthor.Tokens;

/// <summary>
/// Represents limits of the user tokens that users create for themselves (deviations 34). The limits do not apply to administrators who
/// create tokens for other users, nor to the command line.
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

/// <summary>Represents the numbers to which <see cref="TokenLimits"/> apply, read under a lock.</summary>
/// <param name="Live">The number of unexpired user tokens of the user.</param>
/// <param name="OldestOfLimit">
/// The time of the oldest of the last <see cref="TokenLimits.CreationsPerMinute"/> creations if it is less than a minute ago; otherwise
/// null.
/// </param>
public sealed record UserTokenUsage(long Live, DateTimeOffset? OldestOfLimit);
