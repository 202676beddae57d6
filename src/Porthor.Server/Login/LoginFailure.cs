using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Alerts;

namespace Porthor.Server.Login;

/// <summary>Why a login failed, as the user is told and as the log is (contract/login.md 3.3).</summary>
/// <param name="Headline">Also the event of the log line.</param>
/// <param name="Details">A short text for the user; null for none.</param>
internal sealed record LoginFailure(int Status, string Headline, string? Details = null)
{
    public const string ProviderFailed = "Authentication provider failed";
    private const int LongestText = 500;

    /// <summary>What the log says where that is more than the user is told (deviations 25).</summary>
    public string? LoggedDetails { get; init => field = value ?? Details; } = Details;

    /// <summary>What else the log says, for whoever has to find out why.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Facts { get; init; } = [];

    /// <summary>Where the user is sent instead of being shown an error; null for the error page.</summary>
    public Uri? SendTo { get; init; }

    /// <summary>What the provider handed out for this login, which is to be given back; null for nothing.</summary>
    public Secret? ProviderToken { get; init; }

    /// <summary>What those who run the service are told; null for nothing.</summary>
    public Alert? Alert { get; init; }

    /// <summary>Nothing is wrong with the user; those who run the service must act.</summary>
    public bool IsSystem => Status >= StatusCodes.Status500InternalServerError;

    /// <summary>The browser and we do not agree on which login is under way.</summary>
    public static LoginFailure WrongState(string message) => new(StatusCodes.Status403Forbidden, message);

    /// <summary>
    /// The provider sent the browser back without a code (RFC 6749, 4.1.2.1). <c>access_denied</c> is the user's own decision, or one
    /// about the user; all else is wrong with us or with the provider. No alert: anybody can write such a query.
    /// </summary>
    public static LoginFailure Refused(string error, string? description)
    {
        var text = Shortened(description is null ? error : $"{error}: {description}");
        return error == "access_denied"
            ? new(StatusCodes.Status403Forbidden, "Cannot authenticate", text)
            : new(StatusCodes.Status500InternalServerError, ProviderFailed, text);
    }

    /// <param name="enrollmentUrl">Where users enroll; null if they cannot by themselves.</param>
    public static LoginFailure NotEnrolled(string claim, Uri? enrollmentUrl) =>
        new(StatusCodes.Status403Forbidden, "User is not enrolled", $"No {claim} claim in token") { SendTo = enrollmentUrl };

    /// <param name="groups">Those that the user is in.</param>
    public static LoginFailure NoScopes(LoginIdentity identity, IReadOnlyCollection<string> groups) =>
        new(StatusCodes.Status403Forbidden, "User unauthorized", $"{identity.Username} is not a member of any authorized groups")
        {
            Facts = [new("user", identity.Username), new("groups", groups)],
            ProviderToken = identity.ProviderToken,
        };

    public static LoginFailure InvalidUsername(string details, Secret? providerToken = null) =>
        new(StatusCodes.Status403Forbidden, "Cannot authenticate", details) { ProviderToken = providerToken };

    /// <summary>The directory cannot tell the user's groups. Why is for the log: it names servers and searches.</summary>
    public static LoginFailure NoDirectory(UserDirectoryException exception, LoginIdentity identity) =>
        new(StatusCodes.Status500InternalServerError, "Retrieving data from LDAP failed", exception.Message)
        {
            LoggedDetails = exception.Reason,
            ProviderToken = identity.ProviderToken,
            Alert = new Alert("LDAPError", exception.Reason) { User = identity.Username },
        };

    /// <summary>A store is away: as everywhere, that is 503, and never taken for a "no".</summary>
    public static LoginFailure NoStore(StoreUnavailableException exception, LoginIdentity identity) =>
        new(StatusCodes.Status503ServiceUnavailable, "Cannot create a session", exception.Message)
        {
            LoggedDetails = $"{exception.Message} ({exception.What})",
            ProviderToken = identity.ProviderToken,
        };

    /// <summary>At logout: the browser has forgotten the session, which was not to be ended.</summary>
    public static LoginFailure SessionLives(StoreUnavailableException exception) => new(
        StatusCodes.Status503ServiceUnavailable, "This browser is logged out, but the session could not be ended everywhere", exception.Message);

    public LoginFailedException ToException() => new(this);

    /// <summary>What others wrote, at a length that a page and a message can hold.</summary>
    public static string Shortened(string text) => text.Length <= LongestText ? text : text[..LongestText] + "...";
}

/// <summary>Ends a login. Whoever begins one answers with <see cref="LoginCompletion.FailAsync"/>.</summary>
internal sealed class LoginFailedException(LoginFailure failure) : Exception(failure.Headline)
{
    public LoginFailure Failure { get; } = failure;
}
