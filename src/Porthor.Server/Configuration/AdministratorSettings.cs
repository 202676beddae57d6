using Porthor.Identity;

namespace Porthor.Server.Configuration;

/// <summary>Reads <c>adminUsers</c>, and warns about <c>initialAdmins</c>, which has no effect (deviations 41).</summary>
internal static class AdministratorSettings
{
    private const int MaxUsers = 1000;

    /// <summary>Reads the users who get the scope <c>admin:token</c> at login.</summary>
    public static IReadOnlySet<string> Read(SettingsSection file)
    {
        const string key = "adminUsers";
        var users = file.Texts(key) ?? [];
        if (users.Count > MaxUsers)
            file.AddError(key, value: null, $"must have at most {MaxUsers} entries");
        foreach (var user in users.Where(user => !UserRules.IsUsername(user)))
            file.AddError(key, user, "must be a username");
        return users.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// Returns the warning about <c>initialAdmins</c>; null if it is not set, or <c>adminUsers</c> contains all of its users.
    /// </summary>
    public static string? FindWarning(PorthorSettings settings)
    {
        string[] missing = [.. settings.InitialAdmins.Where(user => !settings.AdminUsers.Contains(user))];
        return missing.Length == 0
            ? null
            : $"initialAdmins has no effect. To give {string.Join(", ", missing)} the scope admin:token at login, name them in adminUsers, "
                + "or map a group to admin:token in groupMapping.";
    }
}
