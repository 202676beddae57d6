using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Porthor.Telemetry;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// Represents a SQLite file. All writers use one handle, and wait for each other; readers use several other handles. Because the file has a
/// write-ahead log, readers read the committed data and never wait for a writer.
/// </summary>
internal sealed class SqliteDatabase : SqlDatabase
{
    private const int ReaderThreads = 4;

    /// <summary>
    /// The maximum number of reading sessions. Further sessions wait before they get a handle, because each handle keeps files open.
    /// </summary>
    private const int MaxReaders = 2 * ReaderThreads;

    /// <summary>The time to wait for another process that is writing, for example a command that runs beside the server.</summary>
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ScriptTimeout = TimeSpan.FromMinutes(1);

    private readonly string path;
    private readonly TimeSpan statementTimeout;
    private readonly StoreMetrics metrics;
    private readonly SqliteHandle writer;
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly SemaphoreSlim reading = new(MaxReaders, MaxReaders);
    private readonly DedicatedThreads writerThread = new("porthor database writer", 1);
    private readonly DedicatedThreads readerThreads = new("porthor database reader", ReaderThreads);
    private readonly ConcurrentBag<SqliteHandle> readers = [];
    private int waiting;

    private SqliteDatabase(string path, TimeSpan statementTimeout, StoreMetrics metrics)
    {
        this.path = path;
        this.statementTimeout = statementTimeout;
        this.metrics = metrics;
        writer = new SqliteHandle(path, BusyTimeout);
        metrics.Watch(StoreOperationNames.Store, () => writerThread.Waiting + readerThreads.Waiting + Volatile.Read(ref waiting));
    }

    public override Dialect Dialect => SqliteDialect.Instance;

    public override string SchemaFolder => "Sqlite";

    /// <summary>Opens the file, and creates it if it does not exist.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="statementTimeout">The time limit of a statement outside of a transaction.</param>
    /// <param name="metrics">Measures the calls.</param>
    /// <exception cref="StoreUnavailableException">The file cannot be opened.</exception>
    public static SqliteDatabase Open(string path, TimeSpan statementTimeout, StoreMetrics metrics)
    {
        try
        {
            return new SqliteDatabase(path, statementTimeout, metrics);
        }
        catch (SqliteException e)
        {
            throw new StoreUnavailableException("token list", $"opening {path}", e);
        }
    }

    public override ValueTask<SqlSession> OpenAsync(CancellationToken cancellationToken) => OpenAsync(statementTimeout, cancellationToken);

    public override async ValueTask<SqlSession> OpenAsync(TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        await EnterAsync(reading, timeLimit, "waiting for other readers", cancellationToken);
        try
        {
            return new SqliteSession(Reader(), readerThreads, timeLimit, inTransaction: false, metrics, handle =>
            {
                readers.Add(handle);
                reading.Release();
            });
        }
        catch
        {
            reading.Release();
            throw;
        }
    }

    public override ValueTask<SqlSession> BeginAsync(CancellationToken cancellationToken) =>
        BeginAsync(statementTimeout, cancellationToken);

    public override async ValueTask<SqlSession> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        await EnterAsync(writing, timeLimit, "waiting for other writers", cancellationToken);
        return new SqliteSession(writer, writerThread, timeLimit, inTransaction: true, metrics, _ => writing.Release());
    }

    public override Task RunScriptAsync(string script, CancellationToken cancellationToken) =>
        RunScriptsAsync(_ => [script], cancellationToken);

    /// <summary>Runs scripts in one transaction, which excludes all other writers, including those of other processes.</summary>
    /// <param name="choose">
    /// Returns the scripts. It is called within the transaction, with the version of the schema (<c>PRAGMA user_version</c>).
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task RunScriptsAsync(Func<long, IEnumerable<string>> choose, CancellationToken cancellationToken)
    {
        await using var session = (SqliteSession)await BeginAsync(ScriptTimeout, cancellationToken);
        var versions = await session.QueryAsync(this.Sql($"PRAGMA user_version"), row => row.Number(0), cancellationToken);
        await session.RunAsync(
            StoreOperationNames.Script,
            () =>
            {
                foreach (var script in choose(versions[0]))
                    writer.ExecuteScript(script);
                return true;
            },
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
    }

    /// <summary>
    /// Reads on the caller's thread: the row is nearly always in memory, and a switch to another thread would take longer than the read
    /// (docs/decisions/0004-sqlite-threads.md).
    /// </summary>
    public override ValueTask<byte[]?> ReadPointAsync(string sql, string key, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var begun = metrics.Begin();
        SqliteHandle? reader = null;
        try
        {
            reader = Reader();
            reader.LimitBusyWait(timeLimit);
            var value = reader.ReadPoint(sql, key);
            metrics.Answered(StoreOperationNames.Point, begun);
            return new(value);
        }
        catch (SqliteException e)
        {
            return ValueTask.FromException<byte[]?>(metrics.Counted(StoreOperationNames.Point, SqliteHandle.Translate(e)));
        }
        catch (StoreUnavailableException e)
        {
            return ValueTask.FromException<byte[]?>(metrics.Counted(StoreOperationNames.Point, e));
        }
        finally
        {
            if (reader is not null)
                readers.Add(reader);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await writing.WaitAsync();
        // Interrupted statements release their handles soon.
        for (var waited = 0; waited < MaxReaders && await reading.WaitAsync(BusyTimeout); waited++)
        {
        }
        writerThread.Dispose();
        readerThreads.Dispose();
        while (readers.TryTake(out var reader))
            reader.Dispose();
        writer.Dispose();
        writing.Dispose();
        reading.Dispose();
    }

    private async Task EnterAsync(SemaphoreSlim semaphore, TimeSpan timeLimit, string what, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref waiting);
        try
        {
            if (!await semaphore.WaitAsync(timeLimit, cancellationToken))
                throw metrics.Counted(StoreOperationNames.Connecting, new StoreUnavailableException("token list", what));
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private SqliteHandle Reader()
    {
        try
        {
            return readers.TryTake(out var reader) ? reader : new SqliteHandle(path, BusyTimeout);
        }
        catch (SqliteException e)
        {
            throw SqliteHandle.Translate(e);
        }
    }
}
