namespace Porthor;

/// <summary>The kinds of refusal. Each front end maps a kind to its own status, text form or exit code, in one place.</summary>
public enum ErrorKind
{
    DuplicateTokenName,
    InvalidCursor,
    InvalidExpires,
    InvalidIpAddress,
    InvalidMinimumLifetime,
    InvalidRequest,
    InvalidScopes,
    InvalidToken,
    InvalidTokenName,
    NotConfigured,
    NotFound,
    PermissionDenied,

    /// <summary>The user has created tokens faster than the deployment allows. The client may try again later.</summary>
    RateLimited,

    /// <summary>A store did not answer or refused; nothing is known about the token. Never taken for a "no".</summary>
    StoreUnavailable,

    /// <summary>A value of the request cannot be represented in the database.</summary>
    UnstorableValue,

    /// <summary>What is known about a user could not be gathered; nothing is wrong with their token.</summary>
    UserInfoFailed,
}

/// <summary>
/// Why an operation was refused: a kind for programs and a text for people. The text may be shown to the caller and
/// holds no secret.
/// </summary>
public sealed record PorthorError(ErrorKind Kind, string Message)
{
    public static PorthorError DuplicateTokenName(string name) => new(ErrorKind.DuplicateTokenName, $"Token name {name} already used");

    public static PorthorError InvalidCursor(string reason) => new(ErrorKind.InvalidCursor, $"Cannot parse cursor: {reason}");

    public static PorthorError InvalidExpires(string message) => new(ErrorKind.InvalidExpires, message);

    public static PorthorError InvalidIpAddress(string reason) => new(ErrorKind.InvalidIpAddress, $"Invalid IP address: {reason}");

    public static PorthorError InvalidRequest(string message) => new(ErrorKind.InvalidRequest, message);

    public static PorthorError InvalidScopes(string message) => new(ErrorKind.InvalidScopes, message);

    public static PorthorError InvalidToken(string message) => new(ErrorKind.InvalidToken, message);

    public static PorthorError InvalidTokenName(string message) => new(ErrorKind.InvalidTokenName, message);

    public static PorthorError NotConfigured(string message) => new(ErrorKind.NotConfigured, message);

    public static PorthorError NotFound(string message) => new(ErrorKind.NotFound, message);

    public static PorthorError PermissionDenied(string message) => new(ErrorKind.PermissionDenied, message);

    /// <param name="retryAfter">The time after which the same request is allowed.</param>
    public static PorthorError RateLimited(string message, TimeSpan retryAfter) => new(ErrorKind.RateLimited, message) { RetryAfter = retryAfter };

    /// <summary>The time after which a denied request may be sent again; null if waiting does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public PorthorException ToException() => new(this);
}

/// <summary>An operation was refused, for a reason that the caller may be told.</summary>
public class PorthorException(PorthorError error, Exception? cause = null) : Exception(error.Message, cause)
{
    public PorthorError Error { get; } = error;
}

/// <summary>
/// The exception for a value of a request that the database cannot represent, so that no stored row can have it. It is an error of the
/// request, not of the store.
/// </summary>
public sealed class UnstorableValueException(string reason, Exception? cause = null)
    : PorthorException(new PorthorError(ErrorKind.UnstorableValue, "A value contains characters or numbers that cannot be stored"), cause)
{
    /// <summary>Why the database refused the value, for the log.</summary>
    public string Reason => reason;
}

/// <summary>
/// A store did not answer in time, refused, or left the outcome of a write unknown. What went wrong in detail is in the
/// cause, for the log alone.
/// </summary>
public sealed class StoreUnavailableException(string store, string what, Exception? cause = null)
    : PorthorException(new PorthorError(ErrorKind.StoreUnavailable, $"The {store} is not available"), cause)
{
    /// <summary>What was being done, for the log.</summary>
    public string What { get; } = what;

    /// <summary>True if waiting does not help: the store refuses, for example because of a wrong password.</summary>
    public bool IsPermanent { get; init; }

    /// <summary>The message of the store or its driver, as one line for the operator; null if there is none.</summary>
    public string? Reason { get; init; }
}
