using System.CommandLine;
using Porthor.OpenIdConnect;
using Porthor.Redis;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary><c>porthor delete-all-data</c>: empties both stores. Settings and quota overrides are kept.</summary>
internal static partial class DeleteAllDataCommand
{
    public static Command Create()
    {
        var command = new Command("delete-all-data", "Delete all tokens, all history and all OpenID Connect clients");
        var confirmation = Confirmation.AddTo(command);
        command.SetWorkOnStores(SettingsScope.Stores, async (core, parsed, cancellationToken) =>
        {
            // The session secret is not checked, because this command is also for deployments that lost it.
            await StartupValidation.ForCommandAsync(core, cancellationToken, SecretRequirement.None);
            confirmation.Require(
                parsed, $"This deletes every token and all history of the {DeploymentText.Of(core.Settings)}, and cannot be undone.",
                "delete");
            // Deletes the records first: if this fails, their tokens stay listed. Then deletes them again, for records that were created
            // meanwhile.
            var logger = core.Loggers.CreateLogger(typeof(DeleteAllDataCommand));
            await core.Maintenance.DeleteAllTokensAsync(cancellationToken);
            Log.Truncating(logger);
            await core.Sql.Schema.DeleteAllDataAsync(cancellationToken);
            Log.DeletingTokens(logger);
            await core.Maintenance.DeleteAllTokensAsync(cancellationToken);
            if (core.Settings is { OidcServer: not null, EphemeralRedis: { } options })
            {
                await using var server = RedisStore.Connect(
                    options, "ephemeral store", core.Metrics.Stores, core.Loggers.CreateLogger<RedisServer>());
                Log.DeletingCodes(logger);
                await server.DeleteAllAsync($"{AuthorizationCodeStore.NamePrefix}*", cancellationToken);
            }
            await Console.Error.WriteLineAsync("All data is deleted.");
            return 0;
        });
        return command;
    }

    // The contract prescribes these messages (configuration.md 8).
    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Truncating all tables")]
        public static partial void Truncating(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Deleting all tokens from Redis")]
        public static partial void DeletingTokens(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Deleting all OpenID Connect codes from Redis")]
        public static partial void DeletingCodes(ILogger logger);
    }
}
