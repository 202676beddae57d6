using System.Diagnostics;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Server.Platform;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Postgres;

/// <summary>The start fails at once if the database rejects Porthor, and waits if the database is not ready yet.</summary>
public sealed class StartRefusalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Permanent_errors_end_the_start_at_once()
    {
        Prerequisites.SkipWithout(Mode.Database);
        var folder = Directory.CreateTempSubdirectory("porthor-refusals-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var rules = Path.Combine(folder, "pg_hba.conf");
        await File.WriteAllTextAsync(
            rules,
            """
            host all locked 127.0.0.1/32 scram-sha-256
            host all excluded 127.0.0.1/32 reject
            hostssl all encrypted 127.0.0.1/32 trust
            host all porthor,powerless,nobody-of-this-name 127.0.0.1/32 trust

            """,
            Cancellation);
        await using var server = await PostgresServer.StartAsync(Path.Combine(folder, "postgres"), $"hba_file={rules}");
        await server.ExecuteAsync(
            "postgres",
            "CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE excluded LOGIN; CREATE ROLE encrypted LOGIN; CREATE ROLE "
                + "powerless LOGIN");
        var database = await server.CreateDatabaseAsync();
        string ConnectionString(string user, string more = "") =>
            $"Host=127.0.0.1;Port={server.Port};Username={user};Database={database};{more}";
        foreach (var (connection, reason) in (IEnumerable<(string, string)>)[
            (ConnectionString("nobody-of-this-name"), "role \"nobody-of-this-name\" does not exist"),
            (ConnectionString(PostgresServer.User).Replace(
                database, "no_such_database", StringComparison.Ordinal), "database \"no_such_database\" does not exist"),
            (ConnectionString("locked", "Password=wrong"), "password authentication failed for user \"locked\""),
            (ConnectionString("locked"), "No password has been provided"),
            (ConnectionString("excluded"), "pg_hba.conf rejects connection"),
            (ConnectionString("encrypted"), "no pg_hba.conf entry"),
            (ConnectionString(PostgresServer.User, "SSL Mode=Require"), "SSL")])
        {
            var error = await GetErrorAsync(connection);
            error.ShouldContain(reason);
            error.ShouldNotContain("wrong");
            error.ShouldContain("Check databaseUrl");
        }
        // The role may connect, but may not create tables.
        var begun = Stopwatch.GetTimestamp();
        (await Should.ThrowAsync<Exception>(() => StartAsync(ConnectionString("powerless"), new CapturedLogs()))).ToString()
            .ShouldContain("permission denied for schema public");
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string> GetErrorAsync(string connection)
    {
        var logs = new CapturedLogs();
        var begun = Stopwatch.GetTimestamp();
        var error = await Should.ThrowAsync<StartException>(() => StartAsync(connection, logs));
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        logs.Lines.ShouldNotContain(line => line.Message.StartsWith("database not ready", StringComparison.Ordinal));
        return error.Message;
    }

    private static async Task StartAsync(string connection, CapturedLogs logs)
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var core = PorthorDeployment.Open(
            deployment.Settings with { DatabaseConnection = new Secret(connection), StartTimeout = TimeSpan.FromMinutes(2) }, logs,
            TimeProvider.System);
        await StartupValidation.ForServerAsync(core, Cancellation);
    }
}
