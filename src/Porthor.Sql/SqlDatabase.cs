using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Porthor.Sql;

/// <summary>
/// A database that token index and record store are in. It hands out sessions and turns its driver's errors into ours, so that the
/// statements above it are the same for both.
/// </summary>
internal abstract class SqlDatabase : IAsyncDisposable
{
    public abstract Dialect Dialect { get; }

    /// <summary>Which of the two schemas it has.</summary>
    public abstract string SchemaFolder { get; }

    /// <summary>Builds a statement for this database.</summary>
    [SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The instance is the statement's first argument.")]
    public SqlStatement Sql([InterpolatedStringHandlerArgument("")] SqlStatement statement) => statement;

    /// <summary>A session for reading; each statement sees what is committed when it begins.</summary>
    public abstract ValueTask<SqlSession> OpenAsync(CancellationToken cancellationToken);

    /// <summary>As the other overload, with a separate time limit for each statement.</summary>
    public abstract ValueTask<SqlSession> OpenAsync(TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>Opens a session for reading, in which statements look rows up by an index regardless of the statistics.</summary>
    public virtual ValueTask<SqlSession> OpenForLookupsAsync(CancellationToken cancellationToken) => OpenAsync(cancellationToken);

    /// <summary>A session in a transaction. It begins with its first statement, where that saves a round trip.</summary>
    /// <param name="timeLimit">For each statement and each wait for a lock.</param>
    public abstract ValueTask<SqlSession> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>Runs a script of many statements.</summary>
    public abstract Task RunScriptAsync(string script, CancellationToken cancellationToken);

    /// <summary>One value by key, on the path of every request: no session, a prepared statement, one round trip.</summary>
    /// <exception cref="Porthor.StoreUnavailableException">It took longer than the limit.</exception>
    public abstract ValueTask<byte[]?> ReadPointAsync(string sql, string key, TimeSpan timeLimit, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    public async Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(cancellationToken);
        return await session.QueryAsync(statement, read, cancellationToken);
    }
}

/// <summary>A connection in use: for reading, or in a transaction. Disposing without a commit rolls back.</summary>
internal abstract class SqlSession : IAsyncDisposable
{
    public abstract Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken);

    /// <summary>Executes statements in one go; says how many rows each changed.</summary>
    public abstract Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken);

    /// <summary>Executes statements and commits, in one go.</summary>
    public abstract Task CommitAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
