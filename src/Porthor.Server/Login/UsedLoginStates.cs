using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Porthor.Storage;

namespace Porthor.Server.Login;

/// <summary>Records completed logins for all nodes, so that the state of a login creates at most one session.</summary>
internal sealed class UsedLoginStates(IOneTimeStore store)
{
    /// <summary>
    /// The maximum duration of a login. The record of a completed login is kept for the same time, so that its state cannot be used again.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Records that the login with this state is completed. Returns false if it was already completed.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    public Task<bool> TryUseAsync(string state, CancellationToken cancellationToken) =>
        store.TryAddAsync(NameOf(state), [], Lifetime + TimeSpan.FromMinutes(5), cancellationToken);

    /// <summary>
    /// Returns whether the login with this state is completed. Returns false if the store does not respond: <see cref="TryUseAsync"/>
    /// checks again when the login is completed.
    /// </summary>
    public async Task<bool> IsUsedAsync(string state, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ContainsAsync(NameOf(state), cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Returns the name of a record. The store contains only the hash of a state.</summary>
    private static string NameOf(string state) => $"login:{Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(state)))}";
}
