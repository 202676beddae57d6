using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor update-schema</c>: updates the schema of any released version, and creates the tables in an empty PostgreSQL database
/// (contract/storage.md 2.4, deviations 32). In embedded mode it creates nothing.
/// </summary>
internal static class UpdateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command("update-schema", "Update the database to the current schema; creates the tables in an empty PostgreSQL database");
        command.SetWorkOnStores(SettingsScope.Stores, async (core, _, cancellationToken) =>
        {
            if (await StartupValidation.StateAsync(core, cancellationToken) == SchemaState.Empty)
                StartupValidation.RequireDeployment(core.Settings);
            await core.Sql.Schema.UpdateAsync(cancellationToken);
            await core.Sql.Ids.InitializeAsync(cancellationToken);
            if (core.Settings.OidcServer?.OldClients is { } clients)
                await OidcClientMigration.CopyAsync(core, clients, cancellationToken);
            await Console.Error.WriteLineAsync("The database schema is current.");
            return 0;
        });
        return command;
    }
}
