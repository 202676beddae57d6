using Porthor.Storage;

namespace Porthor.Sql;

/// <summary>
/// Counts requests in the database, so that all nodes share the counters (<c>exactQuotas: true</c>). One statement counts a request and
/// starts a new window if necessary, according to the clock of the database. The table is not written to the WAL, so all windows start
/// again after a crash or a failover.
/// </summary>
internal sealed class SqlRateCounter(SqlDatabase database, TimeSpan timeLimit) : IRateCounter
{
    private const int BatchSize = 5000;

    /// <inheritdoc/>
    public async Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken)
    {
        var counting = CountAsync(key);
        try
        {
            return await counting.WaitAsync(timeLimit, cancellationToken);
        }
        catch (TimeoutException e)
        {
            _ = counting.ContinueWith(
                static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw new StoreUnavailableException("token list", "counting requests", e);
        }
    }

    private async Task<RateCount> CountAsync(RateKey key)
    {
        await using var session = await database.OpenAsync(timeLimit, CancellationToken.None);
        var counts = await session.QueryAsync(
            database.Sql(
                $"""
                INSERT INTO porthor_counter AS c (username, service, quota, requests, ends)
                VALUES ({key.Username}, {key.Service}, {key.Quota}, 1, clock_timestamp() + interval '1 minute')
                ON CONFLICT (username, service, quota) DO UPDATE
                SET requests = CASE WHEN c.ends <= clock_timestamp() THEN 1 ELSE c.requests + 1 END,
                    ends = CASE WHEN c.ends <= clock_timestamp() THEN clock_timestamp() + interval '1 minute' ELSE c.ends END
                RETURNING requests, greatest(0, extract(epoch FROM ends - clock_timestamp()) * 1000)::bigint
                """),
            row => new RateCount(row.Number(0), TimeSpan.FromMilliseconds(row.Number(1))),
            CancellationToken.None);
        return counts[0];
    }

    /// <summary>Deletes windows that have ended.</summary>
    public static async Task RemoveEndedAsync(SqlDatabase database, CancellationToken cancellationToken)
    {
        while (await RemoveBatchAsync(database, cancellationToken) == BatchSize)
        {
        }
    }

    private static async Task<int> RemoveBatchAsync(SqlDatabase database, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(TimeSpan.FromSeconds(30), cancellationToken);
        var deleted = await session.ExecuteAsync(
            [
                database.Sql(
                    $"""
                    DELETE FROM porthor_counter WHERE (username, service, quota) IN
                    (SELECT username, service, quota FROM porthor_counter
                     WHERE ends < clock_timestamp() LIMIT {BatchSize} FOR UPDATE SKIP LOCKED)
                    """),
            ],
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return deleted[0];
    }
}
