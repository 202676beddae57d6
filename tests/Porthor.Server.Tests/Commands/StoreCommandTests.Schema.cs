using Porthor.Identity;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

public sealed partial class StoreCommandTests
{
    [Theory, EmbeddedAndCluster]
    public async Task A_schema_is_created_and_reported_as_current(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        if (mode != Mode.Embedded)
            ShouldBeError(await program.RunAsync("validate-schema"), "Database has not been initialized");

        (await program.RunAsync("init", "--alembic-config-path", "alembic.ini")).ExitCode.ShouldBe(0);
        Last(await program.RunAsync("validate-schema")).ShouldBe("The database schema is current.");
        // Both commands can be repeated.
        Last(await program.RunAsync("init")).ShouldBe("The database is ready.");
        Last(await program.RunAsync("update-schema")).ShouldBe("The database schema is current.");

        var schema = await program.RunAsync("generate-schema");
        schema.ExitCode.ShouldBe(0, schema.Errors);
        schema.Output.ShouldContain(mode == Mode.Embedded ? "CREATE TABLE token (" : "CREATE TABLE IF NOT EXISTS token (");
        (await program.RunAsync("generate-schema", "--output", "schema.sql")).ShouldBe(new Outcome(0, "", ""));
        (await File.ReadAllTextAsync(Path.Combine(program.Folder, "schema.sql"))).ShouldBe(schema.Output);
    }

    [Theory, InlineData(Mode.Database), InlineData(Mode.Cluster)]
    public async Task An_older_schema_is_rejected(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(
            deployment.DatabaseName!, "UPDATE alembic_version SET version_num = '2feb306dd1ee'");
        ShouldBeError(await program.RunAsync("validate-schema"), "Database schema is not current");
        ShouldBeError(await program.RunAsync("audit"), "Database schema is not current");
        ShouldBeError(
            await program.RunAsync("run", "--port", "0"),
            "Database schema out of date: Porthor needs revision 613640641b2f. Run 'porthor update-schema'.");
    }

    /// <summary>A deployment of the previous version with tokens: the start adds missing tables in every mode.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task Tables_of_a_newer_version_are_added_at_the_start(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var core = await deployment.OpenNodeAsync();
        var session = await core.Tokens.SessionForAsync("ann");
        const string older = "DROP TABLE porthor_id; DROP TABLE porthor_once; DROP TABLE IF EXISTS porthor_counter";
        if (mode == Mode.Embedded)
        {
            await using var connection = new Microsoft.Data.Sqlite.SqliteConnection(
                $"Data Source={core.DataDirectory!.DatabasePath};Pooling=False");
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = new Microsoft.Data.Sqlite.SqliteCommand($"{older}; PRAGMA user_version = 1", connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        else
        {
            await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(
                deployment.DatabaseName!, $"{older}; DELETE FROM porthor_schema WHERE version > 1");
        }

        var updated = await deployment.OpenNodeAsync();
        (await updated.Sql.Ids.AssignAsync(
            IdKind.User, "ann", IdRange.Users, TestContext.Current.CancellationToken)).Id.ShouldBe(3000000);
        (await updated.Tokens.GetDataAsync(session.Record.Token, TestContext.Current.CancellationToken)).ShouldNotBeNull();
    }
}
