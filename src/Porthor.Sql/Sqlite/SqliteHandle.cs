using System.Data;
using Microsoft.Data.Sqlite;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// Represents an open connection with its prepared statements. It is not thread-safe: only one session uses it at a time.
/// </summary>
internal sealed class SqliteHandle : IDisposable
{
    /// <summary>
    /// Begins a transaction and acquires the write lock immediately, so that a later statement cannot fail to acquire it.
    /// </summary>
    public const string Begin = "BEGIN IMMEDIATE";
    public const string Commit = "COMMIT";

    private const int ConstraintUnique = 2067;
    private const int MaxPreparedStatements = 64;

    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> prepared = [];
    private readonly TimeSpan longestBusyWait;
    private TimeSpan busyWait;

    /// <summary>Opens a connection.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="busyTimeout">The maximum time to wait for another process that is writing.</param>
    public SqliteHandle(string path, TimeSpan busyTimeout)
    {
        longestBusyWait = busyWait = busyTimeout;
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            // SqliteDatabase keeps handles open instead of the driver's pool, which does not keep the functions of a connection.
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)busyTimeout.TotalSeconds),
        };
        connection = new SqliteConnection(settings.ConnectionString);
        try
        {
            connection.Open();
            // FULL: an acknowledged change is not lost in a power failure. A checkpoint is written every 16 MiB instead of every 4 MiB,
            // because changes mostly modify the same pages.
            ExecuteScript(
                $"""
                PRAGMA busy_timeout={(int)busyTimeout.TotalMilliseconds};
                PRAGMA journal_mode=WAL;
                PRAGMA synchronous=FULL;
                PRAGMA foreign_keys=ON;
                PRAGMA wal_autocheckpoint=4000;
                """);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sets the maximum time to wait for the lock of another process.</summary>
    public void LimitBusyWait(TimeSpan limit)
    {
        var wait = limit < longestBusyWait ? limit : longestBusyWait;
        if (wait == busyWait)
            return;
        busyWait = wait;
        SQLitePCL.raw.sqlite3_busy_timeout(connection.Handle, Math.Max(1, (int)wait.TotalMilliseconds));
    }

    /// <summary>
    /// Interrupts the running statement, which then fails. Has no effect if no statement is running. Any thread may call this method while
    /// the handle is open.
    /// </summary>
    public void Interrupt() => SQLitePCL.raw.sqlite3_interrupt(connection.Handle);

    public List<T> Query<T>(SqlStatement statement, Func<SqlRow, T> read)
    {
        using var reader = Prepare(statement).ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
            rows.Add(read(new SqlRow(reader, SqliteDialect.Instance)));
        return rows;
    }

    public int Execute(SqlStatement statement) => Prepare(statement).ExecuteNonQuery();

    /// <summary>Executes a statement without parameters, and keeps it prepared.</summary>
    public void Execute(string statement) => Bounded(prepared.GetValueOrDefault(statement) ?? AddPrepared(statement)).ExecuteNonQuery();

    public void ExecuteScript(string script)
    {
        using var command = connection.CreateCommand();
        command.CommandText = script;
        command.ExecuteNonQuery();
    }

    public byte[]? ReadPoint(string sql, string key)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = AddPrepared(sql);
            command.Parameters.Add("$1", SqliteType.Text);
            command.Prepare();
        }
        command.Parameters[0].Value = key;
        Bounded(command);
        using var reader = command.ExecuteReader(CommandBehavior.SingleRow);
        return reader.Read() ? reader.GetFieldValue<byte[]>(0) : null;
    }

    public void Dispose()
    {
        foreach (var command in prepared.Values)
            command.Dispose();
        connection.Dispose();
    }

    public static Exception Translate(SqliteException exception) =>
        exception.SqliteExtendedErrorCode == ConstraintUnique && exception.Message.Contains("token.token_name", StringComparison.Ordinal)
            ? new DuplicateNameException(exception)
            : new StoreUnavailableException("token list", "SQLite", exception);

    private SqliteCommand Prepare(SqlStatement statement)
    {
        var text = statement.Text;
        var command = Bounded(prepared.GetValueOrDefault(text) ?? AddPrepared(text));
        command.Parameters.Clear();
        for (var i = 0; i < statement.Parameters.Count; i++)
            command.Parameters.AddWithValue($"${i + 1}", statement.Parameters[i] ?? DBNull.Value);
        return command;
    }

    /// <summary>
    /// Sets the time for which the driver repeats a statement while the database is locked. Zero would mean no limit.
    /// </summary>
    private SqliteCommand Bounded(SqliteCommand command)
    {
        command.CommandTimeout = Math.Max(1, (int)busyWait.TotalSeconds);
        return command;
    }

    private SqliteCommand AddPrepared(string sql)
    {
        if (prepared.Count >= MaxPreparedStatements)
        {
            foreach (var old in prepared.Values)
                old.Dispose();
            prepared.Clear();
        }
        var command = connection.CreateCommand();
        command.CommandText = sql;
        prepared.Add(sql, command);
        return command;
    }
}
