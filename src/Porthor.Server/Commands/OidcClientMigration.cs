using System.Globalization;
using System.Text;
using Porthor.OpenIdConnect;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Server.Commands;

/// <summary>
/// Copies OpenID Connect clients into the database from the secret in which older releases of Gafaelfawr stored them. Does nothing if the
/// database contains clients already (contract/storage.md 2.4).
/// </summary>
internal static partial class OidcClientMigration
{
    /// <exception cref="CommandFailure">A client cannot be migrated. The database was not changed.</exception>
    public static async Task CopyAsync(
        PorthorDeployment core, IReadOnlyList<OldOidcClient> clients, CancellationToken cancellationToken)
    {
        var logger = core.Loggers.CreateLogger(typeof(OidcClientMigration));
        if ((await core.Sql.OidcClients.ListAsync(cancellationToken)).Count > 0)
        {
            Log.AlreadyThere(logger);
            await Console.Error.WriteLineAsync(
                "OpenID Connect clients already found in the database, so not migrating clients configured via a secret");
            return;
        }
        foreach (var client in clients)
            Check(client, clients);
        var now = core.Clock.GetUtcNow();
        var description = $"Migrated from secret on {now.UtcDateTime.ToString(
            now.Millisecond == 0 ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)}";
        await core.Sql.OidcClients.AddAsync(
            [
                .. clients.Select(client => new OidcClient(
                    client.Id, ClientSecrets.Hash(client.Secret), client.ReturnUri, description, Notes: null, now, now,
                    TokenRecord.InternalUsername)),
            ],
            cancellationToken);
        Log.Copied(logger, clients.Count);
        await Console.Error.WriteLineAsync($"Migrated {CountText.Of(clients.Count, "OpenID Connect client")} from the secret");
    }

    private static void Check(OldOidcClient client, IReadOnlyList<OldOidcClient> clients)
    {
        if (clients.Count(other => other.Id == client.Id) > 1)
        {
            throw new CommandFailure(
                $"oidcServer.clients contains the client {client.Id} more than once. No client was migrated. Remove the entries that are "
                + "not used, and run this command again.");
        }
        if (Encoding.UTF8.GetByteCount(client.Secret.Reveal()) > ClientSecrets.MaxBytes)
        {
            throw new CommandFailure(
                $"The secret of the OpenID Connect client {client.Id} has more than {ClientSecrets.MaxBytes} bytes. No client was "
                + "migrated. Shorten the secret, at the client too, and run this command again.");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "OpenID Connect clients already found in the database, so not migrating clients configured via a secret")]
        public static partial void AlreadyThere(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Migrated OpenID Connect clients from the secret: {Count}")]
        public static partial void Copied(ILogger logger, int count);
    }
}
