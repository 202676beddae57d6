using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Login;

/// <summary>Determines the scopes of a session (contract/userinfo.md 5). Later changes of groups do not change existing tokens.</summary>
internal static class LoginScopes
{
    /// <summary>Returns the scopes that the groups of the user give. Returns null if there are none: then the login is denied.</summary>
    /// <param name="mapping">The groups of each scope.</param>
    /// <param name="isAdministrator">
    /// Whether <c>adminUsers</c> names the user, who then also gets <c>admin:token</c> (deviations 41).
    /// </param>
    public static ScopeSet? Of(
        IReadOnlyDictionary<string, IReadOnlyList<string>> mapping, IReadOnlyList<string> groups, bool isAdministrator)
    {
        var mine = groups.ToHashSet(StringComparer.Ordinal);
        var scopes = ScopeSet.Of(mapping.Where(entry => entry.Value.Any(mine.Contains)).Select(entry => entry.Key));
        if (isAdministrator)
            scopes = scopes.Union(ScopeSet.Of(Scopes.AdminToken));
        return scopes.IsEmpty ? null : scopes.Union(ScopeSet.Of(Scopes.UserToken));
    }
}
