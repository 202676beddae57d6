using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor update-schema</c>: updates the schema of any released version (contract/storage.md 2.4, deviations 32). It creates nothing in
/// a database without tables.
/// </summary>
internal static class UpdateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command(
            "update-schema", "Update the database to the current schema");
        var drop = new Option<bool>("--drop-admins")
        {
            Description = "Update even if users of the table admin, which the update drops, are not in adminUsers",
        };
        command.Options.Add(drop);
        command.SetWorkOnStores(SettingsScope.Stores, async (core, parsed, cancellationToken) =>
        {
            var state = await StartupValidation.StateAsync(core, cancellationToken);
            if (state == SchemaState.Empty)
                throw StartupValidation.MissingDeployment(core.Settings);
            if (AdministratorSettings.FindWarning(core.Settings) is { } warning)
                await Console.Error.WriteLineAsync($"Warning: {warning}");
            if (state == SchemaState.Outdated && !parsed.GetValue(drop))
                await RefuseLostAdministratorsAsync(core, cancellationToken);
            await core.Sql.Schema.UpdateAsync(cancellationToken);
            await core.Sql.Ids.InitializeAsync(cancellationToken);
            if (core.Settings.OidcServer?.OldClients is { Count: > 0 } clients)
                await OidcClientMigration.CopyAsync(core, clients, cancellationToken);
            await Console.Error.WriteLineAsync("The database schema is current.");
            return 0;
        });
        return command;
    }

    /// <summary>
    /// Requires that <c>adminUsers</c> contains all users of the table admin. Gafaelfawr 15.4.1 gave them the scope <c>admin:token</c> at
    /// login (deviations 41).
    /// </summary>
    private static async Task RefuseLostAdministratorsAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        var administrators = await core.Sql.Schema.ReadAdministratorsAsync(cancellationToken);
        string[] lost = [.. administrators.Where(user => !core.Settings.AdminUsers.Contains(user))];
        if (lost.Length > 0)
        {
            throw new CommandFailure(
                "The update drops the table admin, and these users would no longer get the scope admin:token at login: "
                + $"{string.Join(", ", lost)}. Add them to adminUsers. If they must not be administrators any more, run: "
                + "porthor update-schema --drop-admins");
        }
    }
}
