using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Porthor.Sql.Sqlite;
using Porthor.Telemetry;

namespace Porthor.Storage.Tests.Failures;

/// <summary>Calls to SQLite return within the time limit, even while the database is busy.</summary>
public sealed class SqliteLimitTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    /// <summary>The maximum duration of a call in a test. It is less than the busy timeout of five seconds.</summary>
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(4);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("porthor-sqlite-");
    private readonly PorthorMetrics metrics = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string FilePath => Path.Combine(folder.FullName, "test.db");

    public void Dispose()
    {
        metrics.Dispose();
        folder.Delete(recursive: true);
    }

    /// <summary>There are more queries than threads and handles. Afterwards all handles can be used again.</summary>
    [Fact]
    public async Task A_query_that_never_ends_is_interrupted()
    {
        await using var database = SqliteDatabase.Open(FilePath, Limit, metrics.Stores);
        for (var round = 0; round < 3; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(
                _ => Should.ThrowAsync<StoreUnavailableException>(() => RunEndlessQueryAsync(database))));
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(MaxDuration);
        }
        await WaitUntilItWorksAsync(
            async () => (await database.QueryAsync(database.Sql($"SELECT 1"), row => row.Number(0), Cancellation)).ShouldBe([1]));
    }

    [Fact]
    public async Task A_change_that_never_ends_is_interrupted_and_rolled_back()
    {
        await using var database = SqliteDatabase.Open(FilePath, TimeSpan.FromSeconds(10), metrics.Stores);
        await database.RunScriptAsync("CREATE TABLE t (x integer)", Cancellation);
        await using (var session = await database.BeginAsync(Limit, Cancellation))
        {
            await session.ExecuteAsync([database.Sql($"INSERT INTO t VALUES (1)")], Cancellation);
            var begun = Stopwatch.GetTimestamp();
            await Should.ThrowAsync<StoreUnavailableException>(() => session.CommitAsync(
                [database.Sql(
                    $"INSERT INTO t WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 0")],
                    Cancellation));
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(MaxDuration);
        }
        await WaitUntilItWorksAsync(async () =>
        {
            await using var session = await database.BeginAsync(Limit, Cancellation);
            (await session.QueryAsync(database.Sql($"SELECT count(*) FROM t"), row => row.Number(0), Cancellation)).ShouldBe([0]);
        });
    }

    /// <summary>The other process is, for example, a command that writes for a long time beside the server.</summary>
    [Fact]
    public async Task The_wait_for_another_processs_lock_has_the_same_limit()
    {
        await using var database = SqliteDatabase.Open(FilePath, TimeSpan.FromSeconds(10), metrics.Stores);
        await database.RunScriptAsync("CREATE TABLE t (x integer)", Cancellation);
        await using (var other = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            await other.OpenAsync(Cancellation);
            await using var locking = other.CreateCommand();
            locking.CommandText = "BEGIN IMMEDIATE";
            await locking.ExecuteNonQueryAsync(Cancellation);
            var begun = Stopwatch.GetTimestamp();
            await using (var session = await database.BeginAsync(Limit, Cancellation))
                await Should.ThrowAsync<StoreUnavailableException>(
                    () => session.ExecuteAsync([database.Sql($"INSERT INTO t VALUES (1)")], Cancellation));
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(MaxDuration);
        }
        await WaitUntilItWorksAsync(async () =>
        {
            await using var session = await database.BeginAsync(Limit, Cancellation);
            await session.CommitAsync([database.Sql($"INSERT INTO t VALUES (1)")], Cancellation);
        });
    }

    private static Task RunEndlessQueryAsync(SqliteDatabase database) => database.QueryAsync(
        database.Sql($"WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"), row =>
            row.Number(0), Cancellation);

    /// <summary>Waits until an operation works. An interrupted statement returns its handle in the background.</summary>
    private static Task WaitUntilItWorksAsync(Func<Task> attempt) => Testing.RealServers.WaitUntilAsync(attempt, "SQLite");
}
