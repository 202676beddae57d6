using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Platform;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary><c>porthor init</c>: creates the data directory in embedded mode, and the tables in an empty database.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        var command = new Command("init", "Create a deployment: the data directory in embedded mode, and the tables in an empty database");
        command.SetWorkOnStores(SettingsScope.Stores, async (core, _, cancellationToken) =>
        {
            if (await StartupValidation.StateAsync(core, cancellationToken) == SchemaState.Outdated)
                throw new CommandFailure("The database has an older schema. Run 'porthor update-schema' to update it.");
            await StartupValidation.ForServerAsync(core, cancellationToken);
            await core.Sql.Ids.InitializeAsync(cancellationToken);
            await Console.Error.WriteLineAsync("The database is ready.");
            return 0;
        }, DeploymentUse.CreateIfMissing);
        return command;
    }
}
