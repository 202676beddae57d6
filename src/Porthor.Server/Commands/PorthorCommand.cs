using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Logging;

namespace Porthor.Server.Commands;

/// <summary>Provides the command line: <c>porthor COMMAND</c>. Without a command it runs the server.</summary>
internal static class PorthorCommand
{
    // The key of a token can begin with -h, which must not be parsed as bundled options. A value can begin with @, which must not be parsed
    // as the name of a response file.
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Creates the tree of commands.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand("Porthor, a token service for sites behind a reverse proxy. Without a command it runs the server.");
        root.Directives.Clear();
        root.Options.Add(new Option<string?>(EnvironmentFile.OptionName, "-e")
        {
            Description = "File of environment variables in the format of systemd's EnvironmentFile; they replace variables of the shell",
            HelpName = "FILE",
            Recursive = true,
        });
        root.Subcommands.Add(AuditCommand.Create());
        root.Subcommands.Add(CompletionCommands.CreateScript());
        root.Subcommands.Add(CompletionCommands.CreateComplete(root));
        root.Subcommands.Add(ConfigCommand.Create());
        root.Subcommands.Add(DeleteAllDataCommand.Create());
        root.Subcommands.Add(GenerateCommands.CreateKey());
        root.Subcommands.Add(GenerateSchemaCommand.Create());
        root.Subcommands.Add(GenerateCommands.CreateSessionSecret());
        root.Subcommands.Add(GenerateCommands.CreateToken());
        root.Subcommands.Add(HashPasswordCommand.Create());
        root.Subcommands.Add(HelpCommand.Create(root));
        root.Subcommands.Add(HistoryCommand.Create());
        root.Subcommands.Add(ImportIdsCommand.Create());
        root.Subcommands.Add(InitCommand.Create());
        root.Subcommands.Add(LocalAdminCommand.Create());
        root.Subcommands.Add(MaintenanceCommand.Create());
        root.Subcommands.Add(OpenApiSchemaCommand.Create());
        root.Subcommands.Add(RotateSessionSecretCommand.Create());
        root.Subcommands.Add(RuleCommand.Create());
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(TokenCommand.Create());
        root.Subcommands.Add(UpdateSchemaCommand.Create());
        root.Subcommands.Add(ValidateSchemaCommand.Create());
        RunCommand.AddTo(root);
        OptionRules.RefuseEmptyValues(root, mayBeEmpty: TokenCreateCommand.ScopesOption);
        return root;
    }

    /// <summary>Parses a command line.</summary>
    public static ParseResult Parse(RootCommand root, IReadOnlyList<string> arguments) => root.Parse(arguments, Parser);

    /// <summary>Parses a command line as it is typed, for completions.</summary>
    public static ParseResult Parse(RootCommand root, string line) => root.Parse(line, Parser);

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit status: 0 for success, 1 for a failure, 2 for wrong usage.</returns>
    public static Task<int> InvokeAsync(string[] arguments)
    {
        Console.SetError(new StreamWriter(new NonFailingStream(Console.OpenStandardError())) { AutoFlush = true });
        var parsed = Parse(Create(), arguments);
        if (!CommandLineErrors.AreNone(parsed))
            return Task.FromResult(CommandLineErrors.Report(parsed));
        return CommandExtensions.GuardAsync(
            () =>
            {
                if (parsed.GetValue<string?>(EnvironmentFile.OptionName) is { } file)
                    EnvironmentFile.Apply(file);
                return parsed.InvokeAsync(new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    // This is longer than the server needs to drain its connections and to finish running requests.
                    ProcessTerminationTimeout = SettingsLoader.LongestShutdownDelay + ServerHost.ShutdownTimeout + TimeSpan.FromSeconds(5),
                });
            },
            verbose: false);
    }
}
