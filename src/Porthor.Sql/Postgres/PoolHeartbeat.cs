using Microsoft.Extensions.Logging;
using Npgsql;
using Porthor.Storage;

namespace Porthor.Sql.Postgres;

/// <summary>
/// Checks PostgreSQL through an idle connection of the pool, each time the one that has been idle longest. If it does not respond, the
/// other idle connections may be interrupted as well: all are closed, so that no request uses one of them.
/// </summary>
internal sealed partial class PoolHeartbeat : IAsyncDisposable
{
    /// <summary>The query of the check. The comment identifies it in the statistics of the server.</summary>
    private const string Query = "SELECT pg_is_in_recovery() /* heartbeat */";

    private readonly PrimaryConnections connections;
    private readonly TimeSpan answerTimeout;
    private readonly ILogger logger;
    private readonly Heartbeat heartbeat;
    private volatile bool isUsed;
    private volatile StatementCanceller? asked;

    public PoolHeartbeat(PrimaryConnections connections, TimeSpan answerTimeout, ILogger logger)
    {
        (this.connections, this.answerTimeout, this.logger) = (connections, answerTimeout, logger);
        heartbeat = new Heartbeat(answerTimeout, TimeProvider.System, AskAsync, CloseConnections);
    }

    /// <summary>Enables the checks. It is called when the pool has a connection.</summary>
    public void Begin() => isUsed = true;

    public ValueTask DisposeAsync() => heartbeat.DisposeAsync();

    private async Task AskAsync()
    {
        if (!isUsed)
            return;
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(Query, connection) { CommandTimeout = CallTimeout.DriverSeconds(answerTimeout) };
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
            // The checks are disabled until a request has connected to the database again.
            isUsed = false;
            throw;
        }
    }

    private void CloseConnections()
    {
        // If the check still waits for a connection, because requests use all of them, no connection is known to be interrupted.
        if (asked is not { } stop)
            return;
        Log.ConnectionSilent(logger);
        connections.Lose();
        stop.Begin();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL connection is not responding; closing it and all idle connections")]
        public static partial void ConnectionSilent(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "PostgreSQL server has become a standby; closing its connections")]
        public static partial void NotPrimary(ILogger logger);
    }
}
