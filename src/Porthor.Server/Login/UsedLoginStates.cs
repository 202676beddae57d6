using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Porthor.Storage;

namespace Porthor.Server.Login;

/// <summary>Records which logins were completed, for all nodes, so that the state of a login creates at most one session.</summary>
internal sealed class UsedLoginStates(IOneTimeStore store)
{
    /// <summary>
    /// How long a login may take. The record of a completed login is kept for as long, so that its state cannot be used again.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Records that the login with this state is completed. Returns false if it was already completed.</summary>
    /// <exception cref="StoreUnavailableException">The store did not answer.</exception>
    public Task<bool> TryUseAsync(string state, CancellationToken cancellationToken) =>
        store.TryAddAsync(NameOf(state), [], Lifetime + TimeSpan.FromMinutes(5), cancellationToken);

    /// <summary>
    /// Returns true if the login with this state is completed. Returns false if the store does not answer, because the completion of the
    /// login checks again.
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

    /// <summary>The store holds only the hash of a state.</summary>
    private static string NameOf(string state) => $"login:{Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(state)))}";
}
