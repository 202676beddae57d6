namespace Porthor.Identity;

/// <summary>
/// What is known about a user could not be told: the directory did not answer, or what it answered cannot be (contract/userinfo.md 7).
/// </summary>
/// <param name="reason">For the log, and for the page of a login that failed.</param>
/// <param name="isAway">The directory did not answer, and asking again may help; false if the answer was wrong.</param>
public sealed class UserDirectoryException(string reason, bool isAway, Exception? cause = null)
    : PorthorException(new PorthorError(ErrorKind.UserInfoFailed, "Unable to get user information"), cause)
{
    public string Reason { get; } = reason;

    /// <summary>The reference's name for such a failure, by which operators filter alerts (contract/configuration.md 6).</summary>
    public string Name { get; init; } = "LDAPError";

    public bool IsAway { get; } = isAway;
}
