using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Login;

/// <summary>Which scopes a login gives (contract/userinfo.md 5). They are fixed then; groups that change later change no token.</summary>
internal static class LoginScopes
{
    /// <summary>Those that the user's groups are mapped to. Null if there are none: then nobody is let in.</summary>
    /// <param name="mapping">The groups of each scope.</param>
    public static ScopeSet? Of(IReadOnlyDictionary<string, IReadOnlyList<string>> mapping, IReadOnlyList<string> groups)
    {
        var mine = groups.ToHashSet(StringComparer.Ordinal);
        var scopes = ScopeSet.Of(mapping.Where(entry => entry.Value.Any(mine.Contains)).Select(entry => entry.Key));
        return scopes.IsEmpty ? null : scopes.Union(ScopeSet.Of(Scopes.UserToken));
    }
}
