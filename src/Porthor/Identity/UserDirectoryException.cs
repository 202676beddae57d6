namespace Porthor.Identity;

/// <summary>
/// Represents a failure to read the information about a user: the directory did not respond, or returned an invalid entry
/// (contract/userinfo.md 7).
/// </summary>
/// <param name="reason">The reason, for the log and for the page of a failed login.</param>
/// <param name="isUnavailable">
/// True if the directory did not respond, so that a retry may succeed; false if its response was invalid.
/// </param>
/// <param name="cause">The exception that caused the failure; null if there is none.</param>
public sealed class UserDirectoryException(string reason, bool isUnavailable, Exception? cause = null)
    : PorthorException(new PorthorError(ErrorKind.UserInfoFailed, "Unable to get user information"), cause)
{
    /// <summary>Returns the reason, for the log and for the page of a failed login.</summary>
    public string Reason { get; } = reason;

    /// <summary>
    /// Returns the name of the failure in the reference. Operators use it to filter alerts (contract/configuration.md 6).
    /// </summary>
    public string Name { get; init; } = "LDAPError";

    /// <summary>Returns true if the directory did not respond, so that a retry may succeed; false if its response was invalid.</summary>
    public bool IsUnavailable { get; } = isUnavailable;
}
