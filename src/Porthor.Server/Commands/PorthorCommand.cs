using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary>The command line: <c>porthor VERB</c>. Without a verb it runs the server.</summary>
internal static class PorthorCommand
{
    private const int WrongUse = 2;

    public static RootCommand Create()
    {
        var root = new RootCommand("Porthor, a token service: who passes the gate, and with what.");
        root.Subcommands.Add(AuditCommand.Create());
        root.Subcommands.Add(ConfigCommand.Create());
        root.Subcommands.Add(DeleteAllDataCommand.Create());
        root.Subcommands.Add(GenerateCommands.CreateKey());
        root.Subcommands.Add(GenerateSchemaCommand.Create());
        root.Subcommands.Add(GenerateCommands.CreateSessionSecret());
        root.Subcommands.Add(GenerateCommands.CreateToken());
        root.Subcommands.Add(HashPasswordCommand.Create());
        root.Subcommands.Add(HelpCommand.Create(root));
        root.Subcommands.Add(ImportIdsCommand.Create());
        root.Subcommands.Add(InitCommand.Create());
        root.Subcommands.Add(LocalAdminCommand.Create());
        root.Subcommands.Add(MaintenanceCommand.Create());
        root.Subcommands.Add(OpenApiSchemaCommand.Create());
        root.Subcommands.Add(RotateSessionSecretCommand.Create());
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(TokenCommand.Create());
        root.Subcommands.Add(UpdateSchemaCommand.Create());
        root.Subcommands.Add(ValidateSchemaCommand.Create());
        RunCommand.AddTo(root);
        return root;
    }

    /// <summary>Runs a command line and gives its exit code: 0 done, 1 failed, 2 wrongly used.</summary>
    public static async Task<int> InvokeAsync(string[] arguments)
    {
        // A token's key may begin with -h, and would then be taken for a request for help.
        var parsed = Create().Parse(arguments, new ParserConfiguration { EnablePosixBundling = false });
        if (parsed.Errors.Count == 0)
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                // Longer than the server takes to leave and to let requests under way end.
                ProcessTerminationTimeout = SettingsLoader.LongestShutdownDelay + ServerHost.ShutdownTimeout + TimeSpan.FromSeconds(5),
            });
        }
        foreach (var error in parsed.Errors)
            await Console.Error.WriteLineAsync($"Error: {error.Message}");
        await Console.Error.WriteLineAsync("Try 'porthor help' for the commands, or 'porthor help COMMAND' for one.");
        return WrongUse;
    }
}
