using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Login;

/// <summary>Determines the scopes of a session (contract/userinfo.md 5). Later changes of groups do not change existing tokens.</summary>
internal static class LoginScopes
{
    /// <summary>Returns the scopes that the groups of the user give; null if there are none, in which case the login is denied.</summary>
    /// <param name="mapping">The groups of each scope.</param>
    /// <param name="isAdministrator">
    /// True if <c>adminUsers</c> contains the user. The user then also gets <c>admin:token</c> (deviations 41).
    /// </param>
    public static ScopeSet? Of(
        IReadOnlyDictionary<string, IReadOnlyList<string>> mapping, IReadOnlyList<string> groups, bool isAdministrator)
    {
        var userGroups = groups.ToHashSet(StringComparer.Ordinal);
        var scopes = ScopeSet.Of(mapping.Where(entry => entry.Value.Any(userGroups.Contains)).Select(entry => entry.Key));
        if (isAdministrator)
            scopes = scopes.Union(ScopeSet.Of(Scopes.AdminToken));
        return scopes.IsEmpty ? null : scopes.Union(ScopeSet.Of(Scopes.UserToken));
    }
}
