using System.CommandLine;
using Porthor.Redis;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary><c>porthor delete-all-data</c>: empties both stores. Settings and quota overrides stay.</summary>
internal static class DeleteAllDataCommand
{
    public static Command Create()
    {
        var yes = new Option<bool>("--yes") { Description = "Do not ask" };
        var command = new Command("delete-all-data", "Delete all tokens, all history and all OpenID Connect clients") { yes };
        command.SetWorkOnStores(SettingsNeed.Stores, async (core, parsed, cancellationToken) =>
        {
            await StartCheck.ForCommandAsync(core, cancellationToken);
            if (!parsed.GetValue(yes))
                Confirm(core.Settings);
            // The records first: if they cannot be deleted, their tokens stay listed. And once more, for what was made meanwhile.
            await core.Tokens.DeleteAllTokensAsync(cancellationToken);
            await core.Sql.Schema.DeleteAllDataAsync(cancellationToken);
            await core.Tokens.DeleteAllTokensAsync(cancellationToken);
            if (core.Settings is { OidcServer: not null, EphemeralRedis: { } options })
            {
                await using var server = RedisServer.Connect(options, "ephemeral store", core.Metrics.Stores, core.Loggers.CreateLogger<RedisServer>());
                await server.DeleteAllAsync("oidc:*", cancellationToken);
            }
            Console.Out.WriteLine("All data is deleted.");
            return 0;
        });
        return command;
    }

    private static void Confirm(PorthorSettings settings)
    {
        if (Console.IsInputRedirected)
            throw new CommandFailure("This deletes every token and cannot be undone. Add --yes if that is meant.", exitCode: 2);
        var place = settings.Mode == DeploymentMode.Embedded ? settings.DataDirectory : $"the {settings.Mode.ToString().ToLowerInvariant()} deployment";
        Console.Error.Write($"Delete every token and all history of {place}? This cannot be undone. Type 'delete' to go on: ");
        if (Console.ReadLine()?.Trim() != "delete")
            throw new CommandFailure("Nothing was deleted.");
    }
}
