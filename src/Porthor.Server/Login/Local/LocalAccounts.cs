using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Login.Local;

/// <summary>Whoever may log in with a password here: the users of the configuration, or the administrator of a deployment without any.</summary>
internal sealed class LocalAccounts
{
    private readonly Dictionary<string, LocalUser> configured;
    private readonly int iterations;
    private readonly LocalAdministrator? administrator;

    public LocalAccounts(DataDirectory? folder, PorthorSettings settings)
    {
        configured = (settings.Providers.LocalUsers ?? []).ToDictionary(user => user.Username, StringComparer.Ordinal);
        iterations = configured.Values.Select(user => user.Password.Iterations).DefaultIfEmpty(PasswordHash.UsualIterations).Max();
        administrator = LocalAdministrator.Of(folder, settings);
    }

    /// <summary>Whether users log in here at all.</summary>
    public static bool AreUsed(DataDirectory? folder, PorthorSettings settings) =>
        settings.Providers.LocalUsers is not null || LocalAdministrator.Of(folder, settings) is not null;

    /// <summary>The user of a name, and what every comparison of a password costs, so that none tells whose it is.</summary>
    public (LocalUser? User, int Iterations) Find(string username)
    {
        if (administrator is null)
            return (configured.GetValueOrDefault(username), iterations);
        var admin = administrator.TryRead();
        return (username == LocalAdministrator.Username ? admin : null, admin?.Password.Iterations ?? iterations);
    }
}
