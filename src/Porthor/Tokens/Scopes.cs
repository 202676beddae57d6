namespace Porthor.Tokens;

/// <summary>The scopes that Porthor itself asks for. All others are names that a deployment chooses.</summary>
public static class Scopes
{
    /// <summary>May act on the tokens of every user.</summary>
    public const string AdminToken = "admin:token";

    /// <summary>May see what is known about every user.</summary>
    public const string AdminUserinfo = "admin:userinfo";

    /// <summary>May manage OpenID Connect clients.</summary>
    public const string AdminOidc = "admin:oidc";

    /// <summary>May make, see and revoke one's own tokens.</summary>
    public const string UserToken = "user:token";
}
