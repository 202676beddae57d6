using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Porthor.Users;

/// <summary>Maps teams of a GitHub organization to groups (contract/login.md 5).</summary>
public static class GitHubTeam
{
    private const int LongestName = 32;
    private const int KeptLength = 25;
    private const int HashLength = 6;

    /// <summary>
    /// Returns the name of the group: organization and team, separated by a hyphen. If the name is too long, it is truncated, and a part of
    /// its hash is appended so that it remains unique.
    /// </summary>
    /// <param name="organization">The login name of the organization, in upper or lower case.</param>
    /// <param name="slug">The short name of the team. Its case is kept.</param>
    public static string GroupName(string organization, string slug)
    {
        var name = $"{organization.ToLowerInvariant()}-{slug}";
        if (name.Length <= LongestName)
            return name;
        var hash = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        return $"{name[..KeptLength]}-{hash[..HashLength]}";
    }
}
