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
    public async Task<IReadOnlyList<OidcClient>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        Require(caller);
        return await store.ListAsync(cancellationToken);
    }

    /// <summary>Returns a client; null if it is not registered.</summary>
    public async Task<OidcClient?> FindAsync(Caller caller, string clientId, CancellationToken cancellationToken)
    {
        Require(caller);
        return await store.FindAsync(clientId, cancellationToken);
    }

    /// <summary>Registers a client. Returns it with its secret, which cannot be read again.</summary>
    /// <param name="caller">The requester.</param>
    /// <param name="data">The data of the client.</param>
    /// <param name="cancellationToken">Prevents the registration if it is cancelled before the registration begins.</param>
    public async Task<(OidcClient Client, Secret Secret)> RegisterAsync(Caller caller, ClientData data, CancellationToken cancellationToken)
    {
        Require(caller);
        var secret = ClientSecrets.Create();
        var hash = await Task.Run(() => ClientSecrets.Hash(secret), cancellationToken);
        var now = Now();
        var id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(IdBytes)) + options.ClientSuffix;
        var client = new OidcClient(id, hash, data.ReturnUri, data.Description, data.Notes, now, now, caller.Username);
        cancellationToken.ThrowIfCancellationRequested();
        await store.AddAsync([client], CancellationToken.None);
        secrets.Remember(client, secret);
        return (client, secret);
    }

    /// <summary>Replaces the data of a client. Returns the changed client; null if it is not registered.</summary>
    /// <param name="caller">The requester.</param>
    /// <param name="clientId">The ID of the client.</param>
    /// <param name="data">The new data.</param>
    /// <param name="cancellationToken">Prevents the change if it is cancelled before the change begins.</param>
    public async Task<OidcClient?> UpdateAsync(Caller caller, string clientId, ClientData data, CancellationToken cancellationToken)
    {
        Require(caller);
        cancellationToken.ThrowIfCancellationRequested();
        return await store.UpdateAsync(
            clientId, data.ReturnUri, data.Description, data.Notes, Now(), caller.Username, CancellationToken.None);
    }

    /// <summary>Removes a client. Does nothing if it is not registered.</summary>
    /// <param name="caller">The requester.</param>
    /// <param name="clientId">The ID of the client.</param>
    /// <param name="cancellationToken">Prevents the removal if it is cancelled before the removal begins.</param>
    public async Task DeleteAsync(Caller caller, string clientId, CancellationToken cancellationToken)
    {
        Require(caller);
        cancellationToken.ThrowIfCancellationRequested();
        await store.DeleteAsync(clientId, CancellationToken.None);
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
