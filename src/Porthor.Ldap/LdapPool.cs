using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Telemetry;

namespace Porthor.Ldap;

/// <summary>
/// Keeps connections to the directory open. Every search ends within twice its time limit. If there is no response or the connection is
/// lost, the search is repeated once on a new connection (contract/userinfo.md 3). A search that gets none of the
/// <see cref="MaxConnections"/> slots in time fails without a second attempt and does not close connections.
/// </summary>
internal sealed partial class LdapPool : IAsyncDisposable
{
    /// <summary>The name of the store in metrics.</summary>
    private const string Store = "LDAP";

    private const int MaxConnections = 10;
    private const int Attempts = 2;

    private readonly LdapServer server;
    private readonly StoreMetrics metrics;
    private readonly ILogger logger;
    private readonly ConcurrentStack<LdapConnection> idle = [];
    private readonly SemaphoreSlim places = new(MaxConnections, MaxConnections);
    private bool disposed;
    private long searches;

    public LdapPool(LdapServer server, StoreMetrics metrics, ILogger<LdapPool> logger)
    {
        (this.server, this.metrics, this.logger) = (server, metrics, logger);
        metrics.Watch(Store, () => Interlocked.Read(ref searches));
    }

    /// <summary>The time limit for waiting for a slot, and for each attempt. An attempt includes opening a connection.</summary>
    public static TimeSpan TimeLimit { get; } = TimeSpan.FromSeconds(5);

    /// <exception cref="UserDirectoryException">The directory is unavailable or refused the request.</exception>
    public async Task<IReadOnlyList<LdapEntry>> SearchAsync(LdapSearch search, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref searches);
        var begun = metrics.Begin();
        try
        {
            var entries = await SearchInSlotAsync(search, cancellationToken);
            metrics.Answered(Store, search.Operation, begun);
            return entries;
        }
        finally
        {
            Interlocked.Decrement(ref searches);
        }
    }

    public async ValueTask DisposeAsync()
    {
        disposed = true;
        await CloseIdleAsync();
        places.Dispose();
    }

    private async Task<IReadOnlyList<LdapEntry>> SearchInSlotAsync(LdapSearch search, CancellationToken cancellationToken)
    {
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        whole.CancelAfter(Attempts * TimeLimit);
        if (!await places.WaitAsync(TimeLimit, cancellationToken))
        {
            var text = FormattableString.Invariant($"All {MaxConnections} LDAP connections were in use for {TimeLimit.TotalSeconds:0.0}s");
            throw Failed(search, text, text, new TimeoutException(text));
        }
        try
        {
            return await SearchTwiceAsync(search, whole.Token, cancellationToken);
        }
        finally
        {
            if (!disposed)
                places.Release();
        }
    }

    /// <param name="search">The search.</param>
    /// <param name="whole">Is canceled when the time of both attempts has elapsed.</param>
    /// <param name="cancellationToken">Is canceled when the caller no longer waits.</param>
    private async Task<IReadOnlyList<LdapEntry>> SearchTwiceAsync(
        LdapSearch search, CancellationToken whole, CancellationToken cancellationToken)
    {
        Exception? last = null;
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(whole);
            limit.CancelAfter(TimeLimit);
            try
            {
                return await TryAsync(search, limit.Token);
            }
            catch (Exception e) when (IsDropped(e, cancellationToken))
            {
                Log.Reopening(logger, e.Message);
                last = e;
                await CloseIdleAsync();
            }
            catch (Exception e) when (IsRefusal(e))
            {
                throw Failed(search, "Error querying LDAP", e.Message, e);
            }
        }
        var text = FormattableString.Invariant($"LDAP query timed out after {TimeLimit.TotalSeconds:0.0}s");
        throw Failed(search, text, text, last!);
    }

    private async Task<IReadOnlyList<LdapEntry>> TryAsync(LdapSearch search, CancellationToken cancellationToken)
    {
        var connection = await TakeAsync() ?? await LdapConnection.OpenAsync(server, cancellationToken);
        try
        {
            var entries = await connection.SearchAsync(search, cancellationToken);
            idle.Push(connection);
            return entries;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns an idle connection that appears to work; null if there is none.</summary>
    private async ValueTask<LdapConnection?> TakeAsync()
    {
        while (idle.TryPop(out var connection))
        {
            if (!connection.IsDead)
                return connection;
            await connection.DisposeAsync();
        }
        return null;
    }

    /// <summary>Closes all idle connections, because if one is broken, the others probably are too.</summary>
    private async ValueTask CloseIdleAsync()
    {
        while (idle.TryPop(out var connection))
            await connection.DisposeAsync();
    }

    /// <summary>Returns whether the response did not arrive in time, the connection was lost, or the response was invalid.</summary>
    private static bool IsDropped(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        IOException or AsnContentException => true,
        _ => false,
    };

    private static bool IsRefusal(Exception exception) =>
        exception is LdapException or SocketException or AuthenticationException;

    private UserDirectoryException Failed(LdapSearch search, string reason, string error, Exception cause)
    {
        metrics.Failed(Store, search.Operation);
        Log.Failed(logger, error, server.Settings.Url, search.Filter.ToString(), search.Base, search.Attributes, search.Username, cause);
        return new UserDirectoryException(reason, isUnavailable: true, cause);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Reopening LDAP connection after timeout")]
        public static partial void Reopening(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "Cannot query LDAP")]
        public static partial void Failed(
            ILogger logger, string error, string ldapUrl, string ldapSearch, string ldapBase, IReadOnlyList<string> ldapAttrs, string? user,
            Exception cause);
    }
}
