using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>A command without a deployment, or with a wrong directory, fails and creates nothing.</summary>
public sealed class MissingDeploymentTests : IAsyncLifetime
{
    /// <summary>The place of a file with valid IDs, which the test creates.</summary>
    private const string IdFile = "IDS";

    private readonly PorthorProgram program = new();
    private readonly string idFile = Path.GetTempFileName();

    public async ValueTask InitializeAsync() => await File.WriteAllTextAsync(idFile, "user,alice,3000017\n");

    public async ValueTask DisposeAsync()
    {
        await program.DisposeAsync();
        File.Delete(idFile);
    }

    [Theory]
    [InlineData("audit")]
    [InlineData("audit", "--fix")]
    [InlineData("delete-all-data", "--yes")]
    [InlineData("history")]
    [InlineData("import-ids", IdFile)]
    [InlineData("local-admin", "reset-password")]
    [InlineData("maintenance")]
    [InlineData("rotate-session-secret")]
    [InlineData("token", "create", "--username", "ann")]
    [InlineData("token", "list")]
    [InlineData("token", "revoke", "--all-of", "ann")]
    [InlineData("token", "show", "AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("update-schema")]
    [InlineData("validate-schema")]
    public async Task A_command_without_a_deployment_fails_and_creates_nothing(params string[] arguments)
    {
        arguments = WithIdFile(arguments);
        var directory = Path.Combine(program.Folder, "porthor-data");
        ShouldBeMissing(await program.RunAsync(arguments), directory);
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();

        // Neither an existing directory nor an empty file is a deployment.
        Directory.CreateDirectory(directory);
        ShouldBeMissing(await program.RunAsync(arguments), directory);
        await File.WriteAllTextAsync(Path.Combine(directory, "porthor.db"), "");
        File.SetUnixFileMode(Path.Combine(directory, "porthor.db"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        ShouldBeMissing(await program.RunAsync(arguments), directory);
        Directory.GetFileSystemEntries(directory).Length.ShouldBe(1);
    }

    /// <summary>Only <c>run</c> and <c>init</c> create the tables in an empty database, whose name may be mistyped.</summary>
    [Theory, InlineData(Mode.Database), InlineData(Mode.Cluster)]
    public async Task A_command_on_an_empty_database_fails_and_creates_nothing(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var configured = await PorthorProgram.ForAsync(deployment);
        var postgres = await RealServers.Instance.PostgresAsync();
        string[][] commands = mode == Mode.Cluster ? [["update-schema"], ["token", "list"]] :
        [
            ["update-schema"], ["audit"], ["delete-all-data", "--yes"], ["history"], ["import-ids", IdFile], ["maintenance"],
            ["rotate-session-secret"], ["token", "list"], ["token", "create", "--username", "ann"],
            ["token", "revoke", "--all-of", "ann", "--yes"],
        ];
        foreach (var command in commands)
        {
            ShouldBeMissing(
                await configured.RunAsync(WithIdFile(command)), $"127.0.0.1:{postgres.Port}/{deployment.DatabaseName}");
        }
        (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
            .ShouldHaveSingleItem().ShouldBe(["0"]);
    }

    [Fact]
    public async Task A_mistyped_data_directory_is_not_created()
    {
        (await program.RunAsync("init", "--data-dir", "data")).ExitCode.ShouldBe(0);
        (await program.RunAsync("token", "create", "--username", "ann", "--data-dir", "data")).ExitCode.ShouldBe(0);
        ShouldBeMissing(
            await program.RunAsync("token", "revoke", "--all-of", "ann", "--yes", "--data-dir", "daat"),
            Path.Combine(program.Folder, "daat"));
        Directory.Exists(Path.Combine(program.Folder, "daat")).ShouldBeFalse();
        var revoked = await program.RunAsync("token", "revoke", "--all-of", "ann", "-y", "-d", "data");
        revoked.Errors.ShouldBe($"Working on the embedded deployment at {program.Folder}/data\nRevoked 1 token\n");
    }

    [Fact]
    public async Task Commands_that_open_no_store_create_nothing()
    {
        foreach (var verb in (string[])["generate-schema", "openapi-schema", "generate-token", "help"])
            (await program.RunAsync(verb)).ExitCode.ShouldBe(0);
        (await program.RunAsync("config", "check")).ExitCode.ShouldBe(0);
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();
    }

    [Theory, InlineData(Mode.Database), InlineData(Mode.Cluster)]
    public async Task A_database_deployment_is_named_without_its_password(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var configured = await PorthorProgram.ForAsync(deployment);
        configured.Variables["PORTHOR_DATABASE_PASSWORD"] = "database-password-77ab";
        configured.Secrets.Add("database-password-77ab");
        (await configured.RunAsync("init")).ExitCode.ShouldBe(0);
        var port = (await RealServers.Instance.PostgresAsync()).Port;
        (await configured.RunAsync("token", "list")).Errors.ShouldStartWith(
            $"Working on the {mode.ToString().ToLowerInvariant()} deployment at 127.0.0.1:{port}/{deployment.DatabaseName}\n");

        // Without the variables, but with the mode, no other deployment is used.
        var url = configured.Variables["PORTHOR_DATABASE_URL"];
        configured.Variables["PORTHOR_MODE"] = mode.ToString().ToLowerInvariant();
        (await configured.RunAsync("token", "list")).ExitCode.ShouldBe(0);
        foreach (var name in (string[])[
            "PORTHOR_DATABASE_URL", "PORTHOR_DATABASE_PASSWORD", "PORTHOR_REDIS_PERSISTENT_URL", "PORTHOR_REDIS_EPHEMERAL_URL"])
            configured.Variables.Remove(name);
        var forgotten = await configured.RunAsync("token", "list");
        forgotten.ExitCode.ShouldBe(1);
        forgotten.Errors.ShouldContain($"mode: '{mode.ToString().ToLowerInvariant()}': set databaseUrl (PORTHOR_DATABASE_URL)");
        forgotten.Errors.Contains("PORTHOR_REDIS_PERSISTENT_URL", StringComparison.Ordinal).ShouldBe(mode == Mode.Cluster);

        // The opposite case: more stores are configured than the mode uses.
        configured.Variables["PORTHOR_MODE"] = "embedded";
        configured.Variables["PORTHOR_DATABASE_URL"] = url;
        (await configured.RunAsync("run", "--port", "0")).Errors.ShouldContain(
            "mode: 'embedded': remove databaseUrl (PORTHOR_DATABASE_URL)");
    }

    [Fact]
    public async Task A_cluster_is_not_opened_in_database_mode()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        await using var configured = await PorthorProgram.ForAsync(deployment);
        (await configured.RunAsync("init")).ExitCode.ShouldBe(0);
        configured.Variables.Remove("PORTHOR_REDIS_PERSISTENT_URL");
        configured.Variables.Remove("PORTHOR_REDIS_EPHEMERAL_URL");
        foreach (var verb in (string[][])[["token", "list"], ["audit"], ["run", "--port", "0"]])
        {
            var refused = await configured.RunAsync(verb);
            refused.ExitCode.ShouldBe(1);
            refused.Errors.ShouldContain(
                "Error: This deployment was created in cluster mode, but the configuration selects database mode. "
                    + "For cluster mode, set redisPersistentUrl (PORTHOR_REDIS_PERSISTENT_URL) and set redisEphemeralUrl "
                + "(PORTHOR_REDIS_EPHEMERAL_URL).\n");
        }
    }

    private string[] WithIdFile(string[] arguments) => [.. arguments.Select(argument => argument == IdFile ? idFile : argument)];

    private static void ShouldBeMissing(Outcome outcome, string place)
    {
        (outcome.ExitCode, outcome.Output).ShouldBe((1, ""));
        outcome.Errors.ShouldMatch(@"\A(Working on .*\n)?Error: There is no deployment at .*\n\z");
        outcome.Errors.ShouldContain($"Error: There is no deployment at {place}. ");
    }
}
