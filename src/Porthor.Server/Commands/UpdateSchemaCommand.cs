using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary><c>porthor update-schema</c>: brings the database of any released version on (contract/storage.md 2.4, deviations 32).</summary>
internal static class UpdateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command("update-schema", "Bring the database to the current schema, or make it");
        command.SetWorkOnStores(SettingsNeed.Stores, async (core, _, cancellationToken) =>
        {
            await StartCheck.StateAsync(core, cancellationToken);
            await core.Sql.Schema.UpdateAsync(cancellationToken);
            await core.Sql.Ids.InitializeAsync(cancellationToken);
            if (core.Settings.OidcServer?.OldClients is { } clients)
                await OldOidcClients.CopyAsync(core, clients, cancellationToken);
            Console.Out.WriteLine("The database schema is current.");
            return 0;
        });
        return command;
    }
}
