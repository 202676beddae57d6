using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary><c>porthor validate-schema</c>: checks that the database has the schema that this version needs.</summary>
internal static class ValidateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command("validate-schema", "Check that the database has the current schema");
        command.SetWorkOnStores(SettingsScope.Stores, async (core, _, cancellationToken) =>
        {
            switch (await StartupValidation.StateAsync(core, cancellationToken))
            {
                case SchemaState.Empty when core.Settings.Mode == DeploymentMode.Embedded:
                    throw StartupValidation.MissingDeployment(core.Settings);
                case SchemaState.Empty:
                    throw new CommandFailure("Database has not been initialized");
                case SchemaState.Outdated:
                    throw new CommandFailure("Database schema is not current");
                default:
                    // The start creates missing tables of Porthor itself, so they are not reported.
                    await Console.Error.WriteLineAsync("The database schema is current.");
                    return 0;
            }
        });
        return command;
    }
}
