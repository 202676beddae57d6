using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Porthor.Sql;

/// <summary>
/// Represents a database that contains the token index and possibly the record store. It opens sessions and converts the errors of its
/// driver, so that the code that uses it is the same for PostgreSQL and SQLite.
/// </summary>
internal abstract class SqlDatabase : IAsyncDisposable
{
    public abstract Dialect Dialect { get; }

    /// <summary>Returns the folder of the schema scripts.</summary>
    public abstract string SchemaFolder { get; }

    /// <summary>Creates a statement for this database.</summary>
    [SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The instance is the statement's first argument.")]
    public SqlStatement Sql([InterpolatedStringHandlerArgument("")] SqlStatement statement) => statement;

    /// <summary>Opens a session for reading. Each statement reads the data that was committed before the statement began.</summary>
    public abstract ValueTask<SqlSession> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Opens a session for reading, with a separate time limit for each statement.</summary>
    public abstract ValueTask<SqlSession> OpenAsync(TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>Opens a session for reading, in which statements find rows by an index, regardless of the statistics.</summary>
    public virtual ValueTask<SqlSession> OpenForLookupsAsync(CancellationToken cancellationToken) => OpenAsync(cancellationToken);

    /// <summary>Opens a session with a transaction whose statements have the usual time limit.</summary>
    public abstract ValueTask<SqlSession> BeginAsync(CancellationToken cancellationToken);

    /// <summary>Opens a session with a transaction. The transaction begins with the first statement if this saves a round trip.</summary>
    /// <param name="timeLimit">The time limit of each statement and of each wait for a lock.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public abstract ValueTask<SqlSession> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>Runs a script that may contain several statements.</summary>
    public abstract Task RunScriptAsync(string script, CancellationToken cancellationToken);

    /// <summary>
    /// Returns a value by its key; null if there is none. Each authorization subrequest calls it, so it uses a prepared statement and one
    /// round trip.
    /// </summary>
    /// <exception cref="Porthor.StoreUnavailableException">The time limit was reached.</exception>
    public abstract ValueTask<byte[]?> ReadPointAsync(string sql, string key, TimeSpan timeLimit, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    public async Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(cancellationToken);
        return await session.QueryAsync(statement, read, cancellationToken);
    }
}

/// <summary>
/// Represents a connection in use, for reading or in a transaction. Disposing of it without a commit rolls the transaction back.
/// </summary>
internal abstract class SqlSession : IAsyncDisposable
{
    public abstract Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken);

    /// <summary>Executes statements in one round trip. Returns the number of changed rows for each.</summary>
    public abstract Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken);

    /// <summary>Executes statements and commits, in one round trip.</summary>
    public abstract Task CommitAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
