using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Porthor.Users;

/// <summary>A team of a GitHub organization, which counts as a group (contract/login.md 5).</summary>
public static class GitHubTeam
{
    private const int LongestName = 32;
    private const int KeptLength = 25;
    private const int HashLength = 6;

    /// <summary>
    /// The group's name: organization and team joined by a hyphen, and where that is too long, cut and made distinct by a
    /// part of its hash.
    /// </summary>
    /// <param name="organization">The organization's login, in any case.</param>
    /// <param name="slug">The team's short name, which keeps its case.</param>
    public static string GroupName(string organization, string slug)
    {
        var name = $"{organization.ToLowerInvariant()}-{slug}";
        if (name.Length <= LongestName)
            return name;
        var hash = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        return $"{name[..KeptLength]}-{hash[..HashLength]}";
    }
}
