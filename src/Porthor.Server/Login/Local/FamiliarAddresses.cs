namespace Porthor.Server.Login.Local;

/// <summary>
/// Records the networks from which each user logged in during the last 30 days. Only a successful login adds an entry, and each user has a
/// limited number of them, so failed logins from many addresses cannot remove entries. The caller synchronizes access.
/// </summary>
internal sealed class FamiliarAddresses
{
    /// <summary>The maximum number of networks of one user. Another one replaces the one that was used least recently.</summary>
    public const int MaxPerUser = 64;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly Dictionary<string, Dictionary<string, TimeSpan>> loginsByUser = new(StringComparer.Ordinal);

    /// <summary>Returns whether the user logged in from the network during the last 30 days.</summary>
    public bool Contains(string username, string network, TimeSpan now) =>
        loginsByUser.TryGetValue(username, out var logins) && logins.TryGetValue(network, out var login) && login + Lifetime > now;

    /// <summary>Records a successful login.</summary>
    public void Add(string username, string network, TimeSpan now)
    {
        if (!loginsByUser.TryGetValue(username, out var logins))
            loginsByUser[username] = logins = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        logins[network] = now;
        if (logins.Count > MaxPerUser)
            logins.Remove(logins.MinBy(pair => pair.Value).Key);
    }
}
