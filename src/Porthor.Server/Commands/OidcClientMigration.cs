using System.Globalization;
using System.Text;
using System.Text.Json;
using Porthor.OpenIdConnect;
using Porthor.Secrets;
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
    public static async Task CopyAsync(PorthorDeployment core, Secret json, CancellationToken cancellationToken)
    {
        var logger = core.Loggers.CreateLogger(typeof(OidcClientMigration));
        var clients = Read(json);
        if (clients.Count == 0)
            return;
        if ((await core.Sql.OidcClients.ListAsync(cancellationToken)).Count > 0)
        {
            Log.AlreadyThere(logger);
            await Console.Error.WriteLineAsync(
                "OpenID Connect clients already found in the database, so not migrating clients configured via a secret");
            return;
        }
        var now = core.Clock.GetUtcNow();
        var description = $"Migrated from secret on {now.UtcDateTime.ToString(
            now.Millisecond == 0 ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)}";
        await core.Sql.OidcClients.AddAsync(
            [
                .. clients.Select(client => new OidcClient(
                    client.Id, Hash(client.Id, client.Secret), client.ReturnUri, description, Notes: null, now, now,
                    TokenRecord.InternalUsername)),
            ],
            cancellationToken);
        Log.Copied(logger, clients.Count);
        await Console.Error.WriteLineAsync($"Migrated {CountText.Of(clients.Count, "OpenID Connect client")} from the secret");
    }

    private static List<(string Id, string Secret, string ReturnUri)> Read(Secret json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.Reveal());
            return [.. document.RootElement.EnumerateArray()
                .Select(client => (Text(client, "id"), Text(client, "secret"), Text(client, "return_uri")))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new CommandFailure("oidcServer.clients must be a JSON list of objects with id, secret and return_uri.");
        }
    }

    private static string Text(JsonElement client, string name) => client.GetProperty(name).GetString()!;

    private static byte[] Hash(string id, string secret) => Encoding.UTF8.GetByteCount(secret) <= ClientSecrets.MaxBytes
        ? ClientSecrets.Hash(new Secret(secret))
        : throw new CommandFailure(
            $"The secret of the OpenID Connect client {id} has more than {ClientSecrets.MaxBytes} bytes. No client was migrated. "
            + "Shorten the secret, at the client too.");

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
