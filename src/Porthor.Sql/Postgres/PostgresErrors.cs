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

    public static Exception Translate(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } e =>
            new LedgerConflictException(e.MessageText, e),
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: NameConstraint } e => new DuplicateNameException(e),
        _ => new StoreUnavailableException("ledger", "PostgreSQL", exception),
    };
}
