using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Alerts;

namespace Porthor.Server.Login;

/// <summary>Represents a failed login, with the texts for the user and for the log (contract/login.md 3.3).</summary>
/// <param name="Headline">The headline of the page. It is also the message of the log line.</param>
/// <param name="Details">A short text for the user; null for none.</param>
internal sealed record LoginFailure(int Status, string Headline, string? Details = null)
{
    public const string ProviderFailed = "Authentication provider failed";
    private const int LongestText = 500;

    /// <summary>Gets the details for the log, if they differ from those for the user (deviations 25).</summary>
    public string? LoggedDetails { get; init => field = value ?? Details; } = Details;

    /// <summary>Gets additional fields of the log line.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Facts { get; init; } = [];

    /// <summary>Gets the URL to which the user is redirected; null for the error page.</summary>
    public Uri? SendTo { get; init; }

    /// <summary>Gets the provider's token of this login, which must be revoked; null if there is none.</summary>
    public Secret? ProviderToken { get; init; }

    /// <summary>Gets the alert for the operators; null for none.</summary>
    public Alert? Alert { get; init; }

    /// <summary>Gets whether the cause is in the deployment or the provider, not in the user or the request.</summary>
    public bool IsSystem => Status >= StatusCodes.Status500InternalServerError;

    /// <summary>Creates the failure for a state that does not match the cookie.</summary>
    public static LoginFailure WrongState(string message) => new(StatusCodes.Status403Forbidden, message);

    /// <summary>
    /// Creates the failure for an error response of the provider (RFC 6749, 4.1.2.1). <c>access_denied</c> means that the user or the
    /// provider denied the login; every other error is an error of the deployment or the provider. There is no alert, because anyone can
    /// send such a request.
    /// </summary>
    public static LoginFailure Refused(string error, string? description)
    {
        var text = Shortened(description is null ? error : $"{error}: {description}");
        return error == "access_denied"
            ? new(StatusCodes.Status403Forbidden, "Cannot authenticate", text)
            : new(StatusCodes.Status500InternalServerError, ProviderFailed, text);
    }

    /// <param name="enrollmentUrl">The URL at which users enroll; null if there is none.</param>
    public static LoginFailure NotEnrolled(string claim, Uri? enrollmentUrl) =>
        new(StatusCodes.Status403Forbidden, "User is not enrolled", $"No {claim} claim in token") { SendTo = enrollmentUrl };

    /// <param name="groups">The groups of the user.</param>
    public static LoginFailure NoScopes(LoginIdentity identity, IReadOnlyCollection<string> groups) =>
        new(StatusCodes.Status403Forbidden, "User unauthorized", $"{identity.Username} is not a member of any authorized groups")
        {
            Facts = [new("user", identity.Username), new("groups", groups)],
            ProviderToken = identity.ProviderToken,
        };

    public static LoginFailure InvalidUsername(string details, Secret? providerToken = null) =>
        new(StatusCodes.Status403Forbidden, "Cannot authenticate", details) { ProviderToken = providerToken };

    /// <summary>
    /// Creates the failure for an unavailable directory. Only the log contains the reason, because it names servers and searches.
    /// </summary>
    public static LoginFailure NoDirectory(UserDirectoryException exception, LoginIdentity identity) =>
        new(StatusCodes.Status500InternalServerError, "Retrieving data from LDAP failed", exception.Message)
        {
            LoggedDetails = exception.Reason,
            ProviderToken = identity.ProviderToken,
            Alert = new Alert("LDAPError", exception.Reason) { User = identity.Username },
        };

    /// <summary>Creates the failure for an unavailable store. Its status is 503, because the user was not denied.</summary>
    public static LoginFailure NoStore(StoreUnavailableException exception, LoginIdentity identity) =>
        new(StatusCodes.Status503ServiceUnavailable, "Cannot create a session", exception.Message)
        {
            LoggedDetails = exception.LogText,
            ProviderToken = identity.ProviderToken,
        };

    /// <summary>Creates the failure of a logout: the cookie is removed, but the session could not be revoked.</summary>
    public static LoginFailure SessionLives(StoreUnavailableException exception) => new(
        StatusCodes.Status503ServiceUnavailable, "This browser is logged out, but the session could not be revoked", exception.Message);

    public LoginFailedException ToException() => new(this);

    /// <summary>Shortens a text of the provider or the client for pages and messages.</summary>
    public static string Shortened(string text) => text.Length <= LongestText ? text : text[..LongestText] + "...";
}

/// <summary>Represents a failed login. The caller that began the login handles it with <see cref="LoginCompletion.FailAsync"/>.</summary>
internal sealed class LoginFailedException(LoginFailure failure) : Exception(failure.Headline)
{
    public LoginFailure Failure { get; } = failure;
}
