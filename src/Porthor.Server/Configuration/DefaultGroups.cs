using Porthor.Tokens;

namespace Porthor.Server.Configuration;

/// <summary>Provides the group mapping of an embedded deployment with local users and without <c>groupMapping</c>.</summary>
internal static class DefaultGroups
{
    /// <summary>The group that has every scope.</summary>
    public const string Admins = "admins";

    /// <summary>The group that has the scopes of ordinary users.</summary>
    public const string Users = "users";

    private static readonly string[] PlainScopes = [Scopes.UserToken, "read:all", "exec:notebook", "exec:portal"];

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Mapping(IEnumerable<string> knownScopes) =>
        knownScopes.ToDictionary(scope => scope, IReadOnlyList<string> (scope) => PlainScopes.Contains(scope) ? [Admins, Users] : [Admins]);
}
