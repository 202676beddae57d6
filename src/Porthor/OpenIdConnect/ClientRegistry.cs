using Microsoft.Extensions.Logging;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.OpenIdConnect;

/// <summary>Represents the data of a client that administrators set.</summary>
/// <param name="ReturnUri">The redirect URI. It is not checked.</param>
/// <param name="Description">The description.</param>
/// <param name="Notes">Notes of the administrators; null for none.</param>
public sealed record ClientData(string ReturnUri, string Description, string? Notes);

/// <summary>Manages the registered clients (contract/oidc-server.md 9).</summary>
/// <exception cref="PorthorException">The requester does not have the scope <see cref="Scopes.AdminOidc"/>.</exception>
public sealed partial class ClientRegistry(
    OpenIdOptions options, IOidcClientStore store, ClientSecrets secrets, TimeProvider clock, ILogger<ClientRegistry> logger)
{
    private const int IdBytes = 16;

    /// <summary>Returns all clients, ordered by client ID.</summary>
    public Task<IReadOnlyList<OidcClient>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        Require(caller);
        return store.ListAsync(cancellationToken);
    }

    /// <summary>Returns a client; null if it is not registered.</summary>
    public Task<OidcClient?> FindAsync(Caller caller, string clientId, CancellationToken cancellationToken)
    {
        Require(caller);
        return store.FindAsync(clientId, cancellationToken);
    }

    /// <summary>Registers a client. Returns it with its secret, which cannot be read again.</summary>
    public async Task<(OidcClient Client, Secret Secret)> RegisterAsync(Caller caller, ClientData data, CancellationToken cancellationToken)
    {
        Require(caller);
        var secret = ClientSecrets.Create();
        var hash = await Task.Run(() => ClientSecrets.Hash(secret), cancellationToken);
        var now = Now();
        var id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(IdBytes)) + options.ClientSuffix;
        var client = new OidcClient(id, hash, data.ReturnUri, data.Description, data.Notes, now, now, caller.Username);
        await store.AddAsync([client], cancellationToken);
        secrets.Remember(client, secret);
        return (client, secret);
    }

    /// <summary>Replaces the data of a client. Returns the changed client; null if it is not registered.</summary>
    public Task<OidcClient?> UpdateAsync(Caller caller, string clientId, ClientData data, CancellationToken cancellationToken)
    {
        Require(caller);
        return store.UpdateAsync(clientId, data.ReturnUri, data.Description, data.Notes, Now(), caller.Username, cancellationToken);
    }

    /// <summary>Removes a client. Does nothing if it is not registered.</summary>
    public Task DeleteAsync(Caller caller, string clientId, CancellationToken cancellationToken)
    {
        Require(caller);
        return store.DeleteAsync(clientId, cancellationToken);
    }

    /// <summary>Returns the current time in whole microseconds, which all databases can store.</summary>
    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow();
        return new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }

    private void Require(Caller caller)
    {
        if (caller.Scopes.Contains(Scopes.AdminOidc))
            return;
        const string message = "Missing required admin:oidc scope";
        Log.PermissionDenied(logger, message);
        throw PorthorError.PermissionDenied(message).ToException();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Permission denied")]
        public static partial void PermissionDenied(ILogger logger, string error);
    }
}
