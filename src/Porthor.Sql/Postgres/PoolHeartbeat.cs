using Microsoft.Extensions.Logging;
using Npgsql;
using Porthor.Storage;

namespace Porthor.Sql.Postgres;

/// <summary>
/// Checks periodically whether PostgreSQL responds, each time through the connection of the pool that has been idle longest. If it does not
/// respond, the other idle connections may be interrupted as well, so all of them are closed, and no request uses them.
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
    private volatile StatementCanceller? currentCheck;

    public PoolHeartbeat(PrimaryConnections connections, TimeSpan answerTimeout, ILogger logger)
    {
        (this.connections, this.answerTimeout, this.logger) = (connections, answerTimeout, logger);
        heartbeat = new Heartbeat(answerTimeout, TimeProvider.System, CheckAsync, CloseConnections);
    }

    /// <summary>Enables the checks. It is called when the pool has a connection.</summary>
    public void Begin() => isUsed = true;

    public ValueTask DisposeAsync() => heartbeat.DisposeAsync();

    private async Task CheckAsync()
    {
        if (!isUsed)
            return;
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(Query, connection) { CommandTimeout = CallTimeout.DriverSeconds(answerTimeout) };
        var canceller = new StatementCanceller(command.Cancel);
        currentCheck = canceller;
        try
        {
            // A primary closes its connections before it becomes a standby, but a connection pooler can connect to another server at any
            // time.
            if (await command.ExecuteScalarAsync() is true)
            {
                Log.NotPrimary(logger);
                connections.Lose();
            }
        }
        finally
        {
            currentCheck = null;
            await canceller.FinishAsync();
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
        // If requests use all connections, the check still waits for one, and it is not known whether a connection is interrupted.
        if (currentCheck is not { } canceller)
            return;
        Log.ConnectionNotResponding(logger);
        connections.Lose();
        canceller.Begin();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL connection is not responding; closing it and all idle connections")]
        public static partial void ConnectionNotResponding(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "PostgreSQL server has become a standby; closing its connections")]
        public static partial void NotPrimary(ILogger logger);
    }
}
