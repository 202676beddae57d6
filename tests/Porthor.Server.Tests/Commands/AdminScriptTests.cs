using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary><c>deploy/systemd/porthor-admin</c>, run by root for a service of another user.</summary>
public sealed class AdminScriptTests
{
    private const string ServiceUser = "daemon";

    private static string Script => Path.Combine(AppContext.BaseDirectory, "systemd", "porthor-admin");

    [Fact]
    public async Task Commands_of_an_embedded_service_run_as_its_user()
    {
        SkipUnlessRoot();
        await using var program = new PorthorProgram();
        await PrepareAsync(program);
        await File.WriteAllTextAsync(Path.Combine(program.Folder, "porthor.env"), $"PORTHOR_CONFIG_PATH={SettingsLoader.NoFile}\n");
        await RunAsync(program, $"install -d -o {ServiceUser} -g {ServiceUser} -m 700 data");
        // The environment of the operator's shell does not matter.
        program.Variables["PORTHOR_DATA_DIR"] = Path.Combine(program.Folder, "elsewhere");
        program.Variables["PORTHOR_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing";

        (await RunAsync(program, "admin init")).Errors.ShouldBe(
            $"Working on the embedded deployment at {program.Folder}/data\nThe database is ready.\n");
        (await RunAsync(program, "admin token create --username ann --name \"a name\"")).Output.ShouldStartWith("gt-");
        (await RunAsync(program, "admin token list")).Output.ShouldContain("\tann\tuser\ta name\t");
        (await RunAsync(program, $"find data ! -user {ServiceUser} -o ! -group {ServiceUser}")).Output.ShouldBeEmpty();
        Directory.Exists(Path.Combine(program.Folder, "elsewhere")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_database_service_has_the_variables_of_a_file_that_only_root_can_read()
    {
        SkipUnlessRoot();
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var program = await PorthorProgram.ForAsync(deployment);
        await PrepareAsync(program);
        var lines = program.Variables.Where(variable => variable.Key.StartsWith("PORTHOR_", StringComparison.Ordinal)).ToList();
        await File.WriteAllLinesAsync(
            Path.Combine(program.Folder, "porthor.env"),
            ["# The service's variables", "PORTHOR_MODE='database'", .. lines.Select(line => $"{line.Key}=\"{line.Value}\"")]);
        await RunAsync(program, "chmod 600 porthor.env; chmod 644 porthor.yaml");
        foreach (var (name, _) in lines)
            program.Variables.Remove(name);

        (await RunAsync(program, "admin config check")).Output.ShouldContain("\n  mode            database\n");
        var port = (await RealServers.Instance.PostgresAsync()).Port;
        var place = $"Working on the database deployment at 127.0.0.1:{port}/{deployment.DatabaseName}\n";
        (await RunAsync(program, "admin init")).Errors.ShouldBe($"{place}The database is ready.\n");
        await RunAsync(program, "admin token create -u ann && admin token create -u ann -n two && admin token create -u ann -n three");
        (await RunAsync(program, "admin token revoke --all-of ann --yes")).Errors.ShouldBe($"{place}Revoked 3 tokens\n");
        (await RunAsync(program, "admin token revoke -- -hAAAAAAAAAAAAAAAAAAAA || echo $?")).Output.ShouldBe("1\n");

        // Other users get a reason and no content of the file.
        var refused = await program.RunShellAsync($"setpriv --reuid=65534 --regid=65534 --clear-groups sh '{Script}' token list");
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldMatch("^porthor-admin: .* cannot read .*/porthor.env; run this command as root\n$");
    }

    private static void SkipUnlessRoot()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can run commands as another user.");
    }

    private static async Task PrepareAsync(PorthorProgram program)
    {
        await program.PrepareShellAsync();
        program.AddCommand("admin", $"sh '{Script}'");
        program.Variables["SERVICE_USER"] = ServiceUser;
        program.Variables["SERVICE_PROGRAM"] = Path.Combine(program.Folder, "bin", "porthor");
        program.Variables["SERVICE_DATA"] = Path.Combine(program.Folder, "data");
        program.Variables["SERVICE_ENVIRONMENT_FILE"] = Path.Combine(program.Folder, "porthor.env");
        await RunAsync(program, "chmod 755 .");
    }

    private static async Task<Outcome> RunAsync(PorthorProgram program, string script)
    {
        var outcome = await program.RunShellAsync(script);
        outcome.ExitCode.ShouldBe(0, outcome.Output + outcome.Errors);
        return outcome;
    }
}
