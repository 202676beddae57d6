using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Platform;
using Porthor.Users;

namespace Porthor.Server.Commands;

/// <summary><c>porthor import-ids</c>: imports the uids and gids that Firestore assigned (docs/operators/users.md).</summary>
internal static class ImportIdsCommand
{
    private const int MaxShownErrors = 20;

    public static Command Create()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "File with lines of kind,name,id; the kind is user, group or counter. '-' is standard input",
        };
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && text.StartsWith("--", StringComparison.Ordinal))
                result.AddError($"'{CommandLineErrors.Display(text)}' is neither an option nor a file.");
        });
        var command = new Command(
            "import-ids", "Import uids and gids that were assigned before; if a line is invalid, import nothing") { file };
        var options = ConfigOptions.AddTo(command);
        command.SetWork(options, (parsed, cancellationToken) =>
        {
            var settings = options.Load(parsed, SettingsScope.Stores);
            // The file is read before the stores are opened. When a store is opened, the process switches to the user of the service, and
            // that user may not have the permission to read the file.
            var import = Read(parsed.GetValue(file)!);
            return CommandExtensions.OnStoresAsync(
                settings, DeploymentUse.Existing, options.IsVerbose(parsed), core => ImportAsync(core, import, cancellationToken));
        });
        return command;
    }

    private static async Task<int> ImportAsync(PorthorDeployment core, IdImport import, CancellationToken cancellationToken)
    {
        await StartupValidation.ForCommandAsync(core, cancellationToken);
        await core.Sql.Ids.InitializeAsync(cancellationToken);
        using var progress = new TerminalProgress<long>("Importing", count => $"{count:N0} of {import.Entries.Count:N0}");
        var result = await core.Sql.Ids.ImportAsync(import, progress, cancellationToken);
        progress.Clear();
        Refuse("These ids conflict with ids that were assigned here before", result.Conflicts);
        await Console.Error.WriteLineAsync($"Imported {result.Added} ids; {import.Entries.Count - result.Added} already existed.");
        return 0;
    }

    private static IdImport Read(string path)
    {
        using var text = path == "-" ? Console.In : new StreamReader(path);
        var import = IdImport.Read(text, out var errors);
        Refuse($"{path} has errors", errors);
        return import.Entries.Count > 0 || import.Counters.Count > 0 ? import : throw new CommandFailure($"{path} contains no ids.");
    }

    private static void Refuse(string what, IReadOnlyList<string> errors)
    {
        if (errors.Count == 0)
            return;
        var more = errors.Count > MaxShownErrors ? $"\n  and {errors.Count - MaxShownErrors} more" : "";
        throw new CommandFailure($"{what}; nothing was written:{string.Concat(errors.Take(MaxShownErrors).Select(e => $"\n  {e}"))}{more}");
    }
}
