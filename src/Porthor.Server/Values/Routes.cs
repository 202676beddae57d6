namespace Porthor.Server.Values;

/// <summary>
/// Contains the paths of the routes outside of the API. <c>PageAddresses</c> contains those of the pages for tokens and histories, and
/// <see cref="ApiRoutes"/> those of the API. The paths are part of the contract, so tests write them out.
/// </summary>
internal static class Routes
{
    public const string Index = "/";
    public const string Login = "/login";
    public const string Logout = "/logout";

    public const string IngressAuth = "/ingress/auth";
    public const string IngressForward = "/ingress/forward";
    public const string IngressAnonymous = "/ingress/anonymous";

    public const string Health = "/health";
    public const string HealthLive = Health + "/live";
    public const string HealthReady = Health + "/ready";

    /// <summary>The login form of local users.</summary>
    public const string LoginForm = "/auth/login";

    /// <summary>The group membership service (GMS).</summary>
    public const string GroupMembership = "/auth/gms";

    /// <summary>The files that pages load.</summary>
    public const string Assets = "/auth/assets";
    public const string Docs = "/auth/docs";

    /// <summary>The address of the API page in the reference.</summary>
    public const string Redoc = "/auth/redoc";
    public const string OpenApi = "/auth/openapi.json";

    public const string OpenIdLogin = "/auth/openid/login";
    public const string OpenIdToken = "/auth/openid/token";
    public const string OpenIdUserInfo = "/auth/openid/userinfo";
    public const string OpenIdConfiguration = "/.well-known/openid-configuration";
    public const string OpenIdKeys = "/.well-known/jwks.json";

    /// <summary>Returns the address of the login, which redirects to another address afterwards.</summary>
    public static string LoginFor(string destination) => $"{Login}?rd={Uri.EscapeDataString(destination)}";

    /// <summary>Returns the address of the logout, which redirects to another address afterwards.</summary>
    public static string LogoutFor(string destination) => $"{Logout}?rd={Uri.EscapeDataString(destination)}";
}
