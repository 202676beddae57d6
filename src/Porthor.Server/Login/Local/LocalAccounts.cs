using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Server.Platform;

namespace Porthor.Server.Login.Local;

/// <summary>Provides the users who may log in with a password: the configured users, or the administrator if none is configured.</summary>
internal sealed class LocalAccounts
{
    private readonly Dictionary<string, LocalUser> configured;
    private readonly int iterations;
    private readonly LocalAdministrator? administrator;

    public LocalAccounts(DataDirectory? folder, PorthorSettings settings)
    {
        configured = (settings.Providers.LocalUsers ?? []).ToDictionary(user => user.Username, StringComparer.Ordinal);
        iterations = configured.Values.Select(user => user.Password.Iterations).DefaultIfEmpty(PasswordHash.DefaultIterations).Max();
        administrator = LocalAdministrator.Of(folder, settings);
    }

    /// <summary>Returns whether users log in with a password.</summary>
    public static bool AreUsed(DataDirectory? folder, PorthorSettings settings) =>
        settings.Providers.LocalUsers is not null || LocalAdministrator.Of(folder, settings) is not null;

    /// <summary>
    /// Returns the user with this name, and the number of iterations of every password comparison. The number is the same for all names, so
    /// that the response time does not reveal whether a user exists.
    /// </summary>
    public (LocalUser? User, int Iterations) Find(string username)
    {
        if (administrator is null)
            return (configured.GetValueOrDefault(username), iterations);
        var admin = administrator.TryRead();
        return (username == LocalAdministrator.Username ? admin : null, admin?.Password.Iterations ?? iterations);
    }
}
