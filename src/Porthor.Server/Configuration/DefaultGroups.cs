using Porthor.Tokens;

namespace Porthor.Server.Configuration;

/// <summary>What groups mean where local users are the only ones, in embedded mode, and nobody configured what groups mean.</summary>
internal static class DefaultGroups
{
    /// <summary>Has every scope.</summary>
    public const string Admins = "admins";

    /// <summary>Has those that give no power over others.</summary>
    public const string Users = "users";

    private static readonly string[] PlainScopes = [Scopes.UserToken, "read:all", "exec:notebook", "exec:portal"];

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Mapping(IEnumerable<string> knownScopes) =>
        knownScopes.ToDictionary(scope => scope, IReadOnlyList<string> (scope) => PlainScopes.Contains(scope) ? [Admins, Users] : [Admins]);
}
