using System.Net.Sockets;
using Npgsql;
using Porthor.Storage;

namespace Porthor.Sql.Postgres;

/// <summary>What the driver's errors mean to us.</summary>
internal static class PostgresErrors
{
    private const string NameConstraint = "token_username_token_name_key";

    public static bool IsOurs(Exception exception) =>
        exception is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException;

    /// <summary>
    /// The same for work that is given no caller's cancellation: if such work was cancelled, then by us, because it took too long.
    /// </summary>
    public static bool EndsWork(Exception exception) => IsOurs(exception) || exception is OperationCanceledException;

    public static Exception Translate(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } e =>
            new LedgerConflictException(e.MessageText, e),
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: NameConstraint } e => new DuplicateNameException(e),
        _ => new StoreUnavailableException("ledger", "PostgreSQL", exception),
    };
}
