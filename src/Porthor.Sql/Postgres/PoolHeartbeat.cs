using Microsoft.Extensions.Logging;
using Npgsql;
using Porthor.Storage;

namespace Porthor.Sql.Postgres;

/// <summary>
/// Asks PostgreSQL through a connection that lies idle in the pool, each time through the one that has lain there longest. If it says
/// nothing, whatever lies there may have lost its other end as well: all are closed, so that nobody is given one of them.
/// </summary>
internal sealed partial class PoolHeartbeat : IAsyncDisposable
{
    /// <summary>With a mark, for whoever wonders where it comes from.</summary>
    private const string Question = "SELECT pg_is_in_recovery() /* heartbeat */";

    private readonly PrimaryConnections connections;
    private readonly TimeSpan answerTimeout;
    private readonly ILogger logger;
    private readonly Heartbeat heartbeat;
    private volatile bool isUsed;
    private volatile StatementCanceller? asked;

    public PoolHeartbeat(PrimaryConnections connections, TimeSpan answerTimeout, ILogger logger)
    {
        (this.connections, this.answerTimeout, this.logger) = (connections, answerTimeout, logger);
        heartbeat = new Heartbeat(answerTimeout, TimeProvider.System, AskAsync, GiveConnectionsUp);
    }

    /// <summary>The pool has been given a connection; before that there is nothing to be asked.</summary>
    public void Begin() => isUsed = true;

    public ValueTask DisposeAsync() => heartbeat.DisposeAsync();

    private async Task AskAsync()
    {
        if (!isUsed)
            return;
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(Question, connection) { CommandTimeout = CallTimeout.DriverSeconds(answerTimeout) };
        var stop = new StatementCanceller(command.Cancel);
        asked = stop;
        try
        {
            // A server does not become a standby while its connections stay open, but a pooler can change the server behind a connection.
            if (await command.ExecuteScalarAsync() is true)
            {
                Log.NotPrimary(logger);
                connections.Lose();
            }
        }
        finally
        {
            asked = null;
            await stop.NoMoreAsync();
        }
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        try
        {
            return await connections.OpenAsync(CancellationToken.None);
        }
        catch
        {
            // Until somebody needs the database again, and finds it.
            isUsed = false;
            throw;
        }
    }

    private void GiveConnectionsUp()
    {
        // It may still wait for a connection, while others use them all; that says nothing about any.
        if (asked is not { } stop)
            return;
        Log.ConnectionSilent(logger);
        connections.Lose();
        stop.Begin();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A connection to PostgreSQL says nothing; it and those that lie idle are given up")]
        public static partial void ConnectionSilent(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "The PostgreSQL server is a standby now; its connections are closed")]
        public static partial void NotPrimary(ILogger logger);
    }
}
