using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Npgsql;
using Porthor.Storage;

namespace Porthor.Sql.Postgres;

/// <summary>Classifies and converts the errors of the driver.</summary>
internal static class PostgresErrors
{
    private const string NameConstraint = "token_username_token_name_key";

    /// <summary>
    /// The messages of PgBouncer for a database or a role that is not configured. PgBouncer has no SQLSTATEs for these errors.
    /// </summary>
    private static readonly string[] PoolerRefusals =
        ["no such database", "no such user", "not allowed", "authentication failed", "unsupported startup parameter"];

    /// <summary>
    /// The messages of the driver for a server that requires a password or does not support TLS. The driver has no codes for these errors.
    /// </summary>
    private static readonly string[] DriverRefusals =
        ["No password has been provided", "No SSL enabled connection", "SSL connection requested"];

    /// <summary>
    /// The classes of SQLSTATEs for errors that a retry does not change: authorization, unknown database, unknown schema, access rule.
    /// </summary>
    private static readonly string[] PermanentClasses = ["28", "3D", "3F", "42"];

    /// <summary>The class of SQLSTATEs for values that a type cannot represent ("data exception").</summary>
    private const string DataExceptionClass = "22";

    /// <summary>Returns true if the driver throws this exception when a call or a connection fails.</summary>
    public static bool IsDriverError(Exception exception) =>
        exception is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException
            or EncoderFallbackException or AuthenticationException;

    /// <summary>
    /// Returns true if the server rejected a value (NUL in a text, a number out of range), or the driver could not encode one (half of a
    /// surrogate pair). No row can contain this value. The server and the connection can still be used.
    /// </summary>
    public static bool IsDataError(Exception exception) => exception is EncoderFallbackException
        || (exception is PostgresException { SqlState: { } state } && state.StartsWith(DataExceptionClass, StringComparison.Ordinal));

    /// <summary>
    /// Returns true for errors of the driver and for a cancellation. It is for work that does not use the cancellation token of a caller:
    /// such work is cancelled only when a time limit is reached.
    /// </summary>
    public static bool IsDriverErrorOrCancellation(Exception exception) =>
        IsDriverError(exception) || exception is OperationCanceledException;

    /// <summary>
    /// Returns true if the server has stopped or cannot be reached, so that its other connections cannot be used either.
    /// </summary>
    public static bool LosesServer(Exception exception) => exception switch
    {
        SocketException or IOException or NpgsqlException { InnerException: SocketException or IOException } => true,
        PostgresException e =>
            e.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow,
        _ => false,
    };

    /// <summary>Returns true if the server is in recovery: it is a standby, or a primary that was replaced.</summary>
    public static bool IsReadOnly(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>
    /// Returns true if the server rejects the connection or the schema for a reason that a retry does not change: the role, the password,
    /// the database, <c>pg_hba.conf</c>, a missing permission, TLS.
    /// </summary>
    public static bool IsPermanent(Exception exception) => exception switch
    {
        PostgresException e => PermanentClasses.Any(start => e.SqlState.StartsWith(start, StringComparison.Ordinal))
            || (e.SqlState == PostgresErrorCodes.ProtocolViolation
                && PoolerRefusals.Any(text => e.MessageText.Contains(text, StringComparison.Ordinal))),
        NpgsqlException { InnerException: AuthenticationException or FileNotFoundException or DirectoryNotFoundException } => true,
        FileNotFoundException or DirectoryNotFoundException or AuthenticationException => true,
        NpgsqlException { InnerException: null } e => DriverRefusals.Any(text => e.Message.Contains(text, StringComparison.Ordinal)),
        _ => false,
    };

    /// <summary>Returns the error as one line for the operator.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        PostgresException e => $"{e.SqlState}: {e.MessageText}",
        NpgsqlException { InnerException: { } cause } e
            when cause is SocketException or TimeoutException or IOException or AuthenticationException => $"{e.Message}: {cause.Message}",
        _ => exception.Message,
    };

    public static Exception Translate(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } e =>
            new TokenIndexConflictException(e.MessageText, e),
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: NameConstraint } e =>
            new DuplicateNameException(e),
        _ when IsDataError(exception) =>
            new UnstorableValueException((exception as PostgresException)?.MessageText ?? "not valid Unicode", exception),
        _ => new StoreUnavailableException("token list", "PostgreSQL", exception)
        {
            IsPermanent = IsPermanent(exception),
            Reason = Describe(exception),
        },
    };
}
