namespace Porthor.Tokens;

/// <summary>Contains the scopes that Porthor itself requires. The deployment defines all other scopes.</summary>
public static class Scopes
{
    /// <summary>Allows operations on the tokens of all users.</summary>
    public const string AdminToken = "admin:token";

    /// <summary>Allows reading the information about all users.</summary>
    public const string AdminUserinfo = "admin:userinfo";

    /// <summary>Allows managing OpenID Connect clients.</summary>
    public const string AdminOidc = "admin:oidc";

    /// <summary>Allows creating, listing and revoking one's own tokens.</summary>
    public const string UserToken = "user:token";
}
