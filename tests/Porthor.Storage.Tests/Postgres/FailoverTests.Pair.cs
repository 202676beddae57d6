using Porthor.Testing;

namespace Porthor.Storage.Tests.Postgres;

public sealed partial class FailoverTests
{
    /// <summary>Two servers for one test. The second is a synchronous standby of the first.</summary>
    private sealed class Pair(string folder, PostgresServer primary, PostgresServer standby, string database) : IAsyncDisposable
    {
        public PostgresServer Primary => primary;

        public PostgresServer Standby => standby;

        public string Database => database;

        public string ConnectionString =>
            $"Host=127.0.0.1:{primary.Port},127.0.0.1:{standby.Port};Username={PostgresServer.User};Database={database}";

        public static async Task<Pair> StartAsync()
        {
            var folder = Directory.CreateTempSubdirectory("porthor-failover-").FullName;
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            var primary = await PostgresServer.StartAsync(Path.Combine(folder, "first"));
            var database = await primary.CreateDatabaseAsync();
            var standby = await primary.StartReplicaAsync(Path.Combine(folder, "second"), "second");
            await primary.ExecuteAsync("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'second'");
            await primary.ExecuteAsync("postgres", "SELECT pg_reload_conf()");
            await RealServers.WaitUntilAsync(
                async () => (await primary.QueryAsync("postgres", "SELECT sync_state FROM pg_stat_replication"))[0][0]
                    .ShouldBe("sync"), "replication");
            return new Pair(folder, primary, standby, database);
        }

        public async ValueTask DisposeAsync()
        {
            await primary.DisposeAsync();
            await standby.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }
}
