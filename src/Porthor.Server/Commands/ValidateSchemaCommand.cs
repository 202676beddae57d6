using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary><c>porthor validate-schema</c>: is the database's schema the one that this version needs?</summary>
internal static class ValidateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command("validate-schema", "Check that the database has the current schema");
        command.SetWorkOnStores(SettingsNeed.Stores, async (core, _, cancellationToken) =>
            await StartCheck.StateAsync(core, cancellationToken) switch
            {
                SchemaState.Empty => throw new CommandFailure("Database has not been initialized"),
                SchemaState.Outdated => throw new CommandFailure("Database schema is not current"),
                // What we add ourselves is added at the start, and is no fault of the reference's schema.
                _ => 0,
            });
        return command;
    }
}
