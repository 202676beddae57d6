using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>Represents the answer that denies a request, with the reason.</summary>
public sealed class DeniedAnswer : IngressAnswer
{
    /// <summary>The answer if the rule is invalid. The code that read the rule has the list of its errors.</summary>
    public static readonly DeniedAnswer InvalidRule = new(422, "value_error", "The rule is invalid")
    {
        Form = DenialForm.InvalidRule,
        IsShared = true,
    };

    /// <summary>The error for a token that is not valid.</summary>
    public static readonly PorthorError UnknownToken = PorthorError.InvalidToken("Token is not valid");

    private static readonly DeniedAnswer[] WithoutCredentials =
    [
        CreateUnauthenticated(ChallengeType.Bearer, isAjax: false), CreateUnauthenticated(ChallengeType.Bearer, isAjax: true),
        CreateUnauthenticated(ChallengeType.Basic, isAjax: false), CreateUnauthenticated(ChallengeType.Basic, isAjax: true),
    ];

    private static readonly DeniedAnswer[] UnknownTokens = [CreateUnknown(ChallengeType.Bearer), CreateUnknown(ChallengeType.Basic)];

    private DeniedAnswer(int status, string code, string message) => (Status, Code, Message) = (status, code, message);

    /// <inheritdoc/>
    public override int Status { get; }

    /// <summary>The error code, for example <c>insufficient_scope</c>.</summary>
    public string Code { get; }

    /// <summary>The reason for the client. It contains no secret.</summary>
    public string Message { get; }

    /// <summary>The form of the response body.</summary>
    public DenialForm Form { get; private init; } = DenialForm.Error;

    /// <summary>The type of the challenge; null if the response contains no challenge.</summary>
    public ChallengeType? Challenge { get; private init; }

    /// <summary>The scopes that the rule requires; null if the token does not lack scopes.</summary>
    public ScopeSet? RequiredScopes { get; private init; }

    /// <summary>
    /// The time after which the client may try again; null if <see cref="IngressAnswer.Quota"/> contains it, or if waiting does not help.
    /// </summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The error of the operation that failed; null unless <see cref="Form"/> is <see cref="DenialForm.Operation"/>.</summary>
    public PorthorError? Error { get; private init; }

    /// <summary>The failure of a store or of the user directory; null if none failed.</summary>
    public PorthorException? Cause { get; private init; }

    /// <summary>The log line that is written for the answer.</summary>
    public IngressEvent Event { get; private init; }

    /// <summary>The reason for the log.</summary>
    public string LogText { get => field ?? Message; private init; }

    /// <summary>True if many requests get this object, so that writers can cache the response that they derive from it.</summary>
    public bool IsShared { get; private init; }

    /// <summary>Returns the answer to a request without credentials, or with a session whose token is not valid.</summary>
    public static DeniedAnswer Unauthenticated(ChallengeType challenge, bool isAjax) =>
        WithoutCredentials[((int)challenge * 2) + (isAjax ? 1 : 0)];

    /// <summary>Returns the answer to a credential that has the format of a token but is not valid.</summary>
    public static DeniedAnswer Unknown(ChallengeType challenge) => UnknownTokens[(int)challenge];

    /// <summary>Returns the answer to a credential that cannot be parsed. The parser has logged the error.</summary>
    public static DeniedAnswer BadCredential(ChallengeType challenge, PorthorError error) => OfCredential(challenge, error);

    /// <summary>Returns the answer if no child token can be created from the token.</summary>
    public static DeniedAnswer NotDelegated(ChallengeType challenge, PorthorError error) =>
        OfCredential(challenge, error, IngressEvent.InvalidToken);

    /// <summary>Returns the answer to a valid token that the rule does not allow.</summary>
    /// <param name="challenge">The type of the challenge.</param>
    /// <param name="message">The reason for the client.</param>
    /// <param name="scopes">The required scopes; null if the token does not lack scopes.</param>
    /// <param name="isShared">See <see cref="IsShared"/>.</param>
    public static DeniedAnswer NotAllowed(ChallengeType challenge, string message, ScopeSet? scopes = null, bool isShared = false) =>
        new(403, "insufficient_scope", message)
        {
            Challenge = challenge,
            RequiredScopes = scopes,
            Event = IngressEvent.Denied,
            IsShared = isShared,
        };

    /// <summary>Returns the answer to a token that expires too early for the rule.</summary>
    public static DeniedAnswer ExpiresTooEarly(ChallengeType challenge, bool isAjax) =>
        new(isAjax ? 403 : 401, "invalid_token", "Remaining token lifetime too short")
        {
            Form = DenialForm.Credentials,
            Challenge = challenge,
            Event = IngressEvent.ExpiresTooEarly,
        };

    /// <summary>Returns the answer to a request that exceeds the quota.</summary>
    public static DeniedAnswer RateLimited(RateStatus quota) =>
        new(429, "rate_limited", $"Rate limit ({quota.Limit}/minute) exceeded") { Quota = quota, Event = IngressEvent.RateLimited };

    /// <summary>Returns the answer to a request that is denied without a challenge.</summary>
    /// <param name="status">The HTTP status for the user.</param>
    /// <param name="code">The error code.</param>
    /// <param name="message">The reason for the client.</param>
    /// <param name="logged">The log line of the answer.</param>
    /// <param name="logText">The reason for the log; null to use the message.</param>
    public static DeniedAnswer Refused(
        int status, string code, string message, IngressEvent logged = IngressEvent.None, string? logText = null) =>
        new(status, code, message) { Event = logged, LogText = logText! };

    /// <summary>Returns the answer to a rule or request that an operation does not accept: the status is 422.</summary>
    public static DeniedAnswer Invalid(PorthorError error) =>
        new(422, "value_error", error.Message) { Form = DenialForm.Operation, Error = error };

    /// <summary>Returns the answer while a store is unavailable, so that the token cannot be checked (deviations 14).</summary>
    public static DeniedAnswer Unavailable(StoreUnavailableException cause) =>
        Unavailable("store_unavailable", cause, IngressEvent.StoreUnavailable);

    /// <summary>Returns the answer if the user information cannot be read (contract/ingress.md 9).</summary>
    public static DeniedAnswer WithoutUserInfo(UserDirectoryException cause) => cause.IsUnavailable
        ? Unavailable("user_info_failed", cause, IngressEvent.UserInfoFailed)
        : new(500, "user_info_failed", cause.Error.Message)
        {
            Form = DenialForm.Operation,
            Error = cause.Error,
            Cause = cause,
            Event = IngressEvent.UserInfoFailed,
        };

    private static DeniedAnswer Unavailable(string code, PorthorException cause, IngressEvent logged) =>
        new(503, code, cause.Error.Message) { RetryAfter = TimeSpan.FromSeconds(1), Cause = cause, Event = logged };

    private static DeniedAnswer OfCredential(
        ChallengeType challenge, PorthorError error, IngressEvent logged = IngressEvent.None, bool isShared = false)
    {
        var (status, code) = error.Kind == ErrorKind.InvalidRequest ? (400, "invalid_request") : (401, "invalid_token");
        return new(status, code, error.Message) { Challenge = challenge, Event = logged, IsShared = isShared };
    }

    private static DeniedAnswer CreateUnknown(ChallengeType challenge) =>
        OfCredential(challenge, UnknownToken, IngressEvent.InvalidToken, isShared: true);

    private static DeniedAnswer CreateUnauthenticated(ChallengeType challenge, bool isAjax) =>
        new(isAjax ? 403 : 401, "no_authorization", "Authentication required")
        {
            Form = DenialForm.Credentials,
            Challenge = challenge,
            IsShared = true,
        };
}

/// <summary>Identifies the form of the response body of a denied request (contract/ingress.md 5).</summary>
public enum DenialForm
{
    /// <summary>A list with one error: kinds B and C. If NGINX does not support the status, it receives it in a header.</summary>
    Error,

    /// <summary>One error that is not in a list: kinds A and A'.</summary>
    Credentials,

    /// <summary>The error of an operation, as the API returns it.</summary>
    Operation,

    /// <summary>The list of the errors in the rule.</summary>
    InvalidRule,
}

/// <summary>Identifies the log line of a denied request (contract/ingress.md 12).</summary>
public enum IngressEvent
{
    /// <summary>No line, or a line that has been written already.</summary>
    None,

    /// <summary>Permission denied.</summary>
    Denied,

    /// <summary>Invalid token.</summary>
    InvalidToken,

    /// <summary>Invalid token, as a warning.</summary>
    ExpiresTooEarly,

    /// <summary>The quota is exceeded.</summary>
    RateLimited,

    /// <summary>An OPTIONS request that is not a CORS preflight.</summary>
    NoPlainOptions,

    /// <summary>A request from a page of a foreign origin.</summary>
    ForeignOrigin,

    /// <summary>A store is unavailable.</summary>
    StoreUnavailable,

    /// <summary>The user information cannot be read.</summary>
    UserInfoFailed,
}
