using System.Net.Sockets;
using System.Text;
using Npgsql;
using Porthor.Storage;

namespace Porthor.Sql.Postgres;

/// <summary>What the driver's errors mean to us.</summary>
internal static class PostgresErrors
{
    private const string NameConstraint = "token_username_token_name_key";

    /// <summary>The class of SQLSTATEs for values that a type cannot represent ("data exception").</summary>
    private const string DataExceptionClass = "22";

    public static bool IsOurs(Exception exception) =>
        exception is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException or EncoderFallbackException;

    /// <summary>
    /// True if the server refused a value (NUL in a text, a number out of range), or the driver could not encode one (half of a surrogate
    /// pair). No row can have the value, and the server and the connection work.
    /// </summary>
    public static bool IsDataError(Exception exception) => exception is EncoderFallbackException
        || (exception is PostgresException { SqlState: { } state } && state.StartsWith(DataExceptionClass, StringComparison.Ordinal));

    /// <summary>
    /// The same for work that is given no caller's cancellation: if such work was cancelled, then by us, because it took too long.
    /// </summary>
    public static bool EndsWork(Exception exception) => IsOurs(exception) || exception is OperationCanceledException;

    public static Exception Translate(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } e =>
            new LedgerConflictException(e.MessageText, e),
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: NameConstraint } e => new DuplicateNameException(e),
        _ when IsDataError(exception) => new UnstorableValueException((exception as PostgresException)?.MessageText ?? "not valid Unicode", exception),
        _ => new StoreUnavailableException("ledger", "PostgreSQL", exception),
    };
}
