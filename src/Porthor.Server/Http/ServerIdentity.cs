using Porthor.Ingress;
using Porthor.Server.Configuration;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Provides the address at which users reach the server: the base URL, or the address that the server listens on, which is known only
/// after the start.
/// </summary>
/// <param name="loginPath">The path of the login endpoint: <c>/login</c>, or the path of the login form of local users.</param>
internal sealed class ServerIdentity(Func<Uri> baseUrl, bool allowSubdomains, string loginPath = Routes.Login) : IDeploymentHosts
{
    private readonly Lazy<Uri> baseUrl = new(baseUrl);

    public Uri BaseUrl => baseUrl.Value;

    /// <summary>Gets the host in the form of <see cref="HostName"/>, which is also the realm of challenges.</summary>
    public string Realm =>
        field ??= HostName.Of(BaseUrl) ?? throw new InvalidOperationException($"The base URL {BaseUrl} has no valid host.");

    public bool AllowSubdomains => allowSubdomains;

    /// <summary>Gets the path of the login endpoint: <c>/login</c>, or the path of the login form of local users.</summary>
    public string LoginPath => loginPath;

    /// <summary>
    /// Gets the <c>Domain</c> attribute of cookies, with its separator; empty if cookies are for this host only. An IPv6 address has no
    /// subdomains, and browsers reject it in this attribute.
    /// </summary>
    public string CookieDomain => allowSubdomains && BaseUrl.HostNameType != UriHostNameType.IPv6 ? $"Domain={Realm}; " : "";

    /// <summary>Returns whether a host belongs to this site: the host of the base URL and, if allowed, its subdomains.</summary>
    /// <param name="host">The host in the form of <see cref="HostName"/>; null or empty if there is none.</param>
    public bool IsOurs(string? host) =>
        !string.IsNullOrEmpty(host)
        && (host == Realm || (allowSubdomains && host.EndsWith("." + Realm, StringComparison.Ordinal)));

    bool IDeploymentHosts.IsOwnHost(string? host) => IsOurs(host);

    /// <summary>Returns the URL to which browsers are redirected after a logout, or after a login without a valid return URL.</summary>
    public string AfterLogout(PorthorSettings settings) => (settings.AfterLogoutUrl ?? new Uri(BaseUrl, "/")).AbsoluteUri;

    /// <summary>Gets whether the base URL uses https. If so, cookies have the <c>Secure</c> attribute (deviations 30).</summary>
    public bool IsSecure => BaseUrl.Scheme == "https";
}
