namespace Porthor;

/// <summary>
/// Identifies the reason why an operation was denied or failed. Each front end maps a kind to a status, a text or an exit code.
/// </summary>
public enum ErrorKind
{
    /// <summary>The user already has a token of this name.</summary>
    DuplicateTokenName,
    /// <summary>The cursor of a paginated request cannot be parsed.</summary>
    InvalidCursor,
    /// <summary>The expiration is not allowed.</summary>
    InvalidExpires,
    /// <summary>The IP address or address block cannot be parsed.</summary>
    InvalidIpAddress,
    /// <summary>The minimum lifetime of an ingress rule is not allowed.</summary>
    InvalidMinimumLifetime,
    /// <summary>The request is malformed, or its values contradict each other.</summary>
    InvalidRequest,
    /// <summary>A scope is not a known scope, or the requester may not grant it.</summary>
    InvalidScopes,
    /// <summary>The token cannot be parsed, or is not valid.</summary>
    InvalidToken,
    /// <summary>The token name is not allowed.</summary>
    InvalidTokenName,
    /// <summary>The operation needs a setting that the deployment does not have.</summary>
    NotConfigured,
    /// <summary>The requested object does not exist.</summary>
    NotFound,
    /// <summary>The requester does not have the permission for the operation.</summary>
    PermissionDenied,

    /// <summary>The user has created as many tokens as the rate limit allows. The client may try again later.</summary>
    RateLimited,

    /// <summary>
    /// A store did not respond, or rejected the operation. The token may be valid: this error must not be treated as a denial.
    /// </summary>
    StoreUnavailable,

    /// <summary>A value of the request cannot be represented in the database.</summary>
    UnstorableValue,

    /// <summary>The information about a user could not be read. The user's token is valid.</summary>
    UserInfoFailed,
}

/// <summary>
/// Represents an error: a kind for programs and a message for people. The client may see the message, which contains no secret.
/// </summary>
public sealed record PorthorError(ErrorKind Kind, string Message)
{
    /// <summary>Returns an error of the kind <see cref="ErrorKind.DuplicateTokenName"/>.</summary>
    /// <param name="name">The token name that is already used.</param>
    public static PorthorError DuplicateTokenName(string name) => new(ErrorKind.DuplicateTokenName, $"Token name {name} already used");

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidCursor"/>.</summary>
    /// <param name="reason">The reason why the cursor cannot be parsed.</param>
    public static PorthorError InvalidCursor(string reason) => new(ErrorKind.InvalidCursor, $"Cannot parse cursor: {reason}");

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidExpires"/>.</summary>
    public static PorthorError InvalidExpires(string message) => new(ErrorKind.InvalidExpires, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidIpAddress"/>.</summary>
    /// <param name="reason">The reason why the address cannot be parsed.</param>
    public static PorthorError InvalidIpAddress(string reason) => new(ErrorKind.InvalidIpAddress, $"Invalid IP address: {reason}");

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidRequest"/>.</summary>
    public static PorthorError InvalidRequest(string message) => new(ErrorKind.InvalidRequest, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidScopes"/>.</summary>
    public static PorthorError InvalidScopes(string message) => new(ErrorKind.InvalidScopes, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidToken"/>.</summary>
    public static PorthorError InvalidToken(string message) => new(ErrorKind.InvalidToken, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.InvalidTokenName"/>.</summary>
    public static PorthorError InvalidTokenName(string message) => new(ErrorKind.InvalidTokenName, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.NotConfigured"/>.</summary>
    public static PorthorError NotConfigured(string message) => new(ErrorKind.NotConfigured, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.NotFound"/>.</summary>
    public static PorthorError NotFound(string message) => new(ErrorKind.NotFound, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.PermissionDenied"/>.</summary>
    public static PorthorError PermissionDenied(string message) => new(ErrorKind.PermissionDenied, message);

    /// <summary>Returns an error of the kind <see cref="ErrorKind.RateLimited"/>.</summary>
    /// <param name="message">The message for the client.</param>
    /// <param name="retryAfter">The time after which the same request is allowed.</param>
    public static PorthorError RateLimited(string message, TimeSpan retryAfter) =>
        new(ErrorKind.RateLimited, message) { RetryAfter = retryAfter };

    /// <summary>The time after which a denied request may be sent again; null if waiting does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Returns an exception that contains this error.</summary>
    public PorthorException ToException() => new(this);
}

/// <summary>The exception that is thrown if an operation fails for a reason that the client may see.</summary>
public class PorthorException(PorthorError error, Exception? cause = null) : Exception(error.Message, cause)
{
    /// <summary>Returns the kind and the message of the error.</summary>
    public PorthorError Error { get; } = error;
}

/// <summary>
/// The exception that is thrown if a request contains a value that the database cannot store. No row can contain this value, so it is an
/// error of the request and not of the store.
/// </summary>
public sealed class UnstorableValueException(string reason, Exception? cause = null)
    : PorthorException(new PorthorError(ErrorKind.UnstorableValue, "A value contains characters or numbers that cannot be stored"), cause)
{
    /// <summary>Returns the reason that the database reported, for the log.</summary>
    public string Reason => reason;
}

/// <summary>
/// The exception that is thrown if a store did not respond in time, rejected an operation, or did not report the result of a write. The
/// inner exception contains the details, and is only written to the log.
/// </summary>
public sealed class StoreUnavailableException(string store, string what, Exception? cause = null)
    : PorthorException(new PorthorError(ErrorKind.StoreUnavailable, $"The {store} is not available"), cause)
{
    /// <summary>Returns the operation that failed, for the log.</summary>
    public string What { get; } = what;

    /// <summary>Returns the message with the operation, for the log.</summary>
    public string LogText => $"{Message} ({What})";

    /// <summary>True if a retry cannot succeed, for example because the password of the store is wrong.</summary>
    public bool IsPermanent { get; init; }

    /// <summary>The message of the store or its driver, on one line; null if there is none. It is meant for the operator.</summary>
    public string? Reason { get; init; }
}
