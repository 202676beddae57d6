using Porthor.Server.Configuration;

namespace Porthor.Server.Http;

/// <summary>Under which address users reach us: as configured, or where we listen, which is known once we do.</summary>
/// <param name="loginPath">The path on which logins end: <c>/login</c>, or the path of the login form of local users.</param>
internal sealed class ServerIdentity(Func<Uri> baseUrl, bool allowSubdomains, string loginPath = "/login")
{
    private readonly Lazy<Uri> baseUrl = new(baseUrl);

    public Uri BaseUrl => baseUrl.Value;

    /// <summary>The host in the form of <see cref="HostName"/>, which is also the realm of challenges.</summary>
    public string Realm => field ??= HostName.Of(BaseUrl) ?? throw new InvalidOperationException($"The base URL {BaseUrl} has no valid host.");

    public bool AllowSubdomains => allowSubdomains;

    /// <inheritdoc cref="ServerIdentity(Func{Uri}, bool, string)"/>
    public string LoginPath => loginPath;

    /// <summary>
    /// The <c>Domain</c> attribute of cookies, with its separator; empty for cookies of this host only. An IPv6 address has
    /// no hosts below it, and browsers refuse it in this attribute.
    /// </summary>
    public string CookieDomain => allowSubdomains && BaseUrl.HostNameType != UriHostNameType.IPv6 ? $"Domain={Realm}; " : "";

    /// <summary>A host of ours: the base host and, where they are allowed, those below it.</summary>
    /// <param name="host">In the form of <see cref="HostName"/>; null or empty if there is none.</param>
    public bool IsOurs(string? host) =>
        !string.IsNullOrEmpty(host)
        && (host == Realm || (allowSubdomains && host.EndsWith("." + Realm, StringComparison.Ordinal)));

    /// <summary>Where people go who are no longer, or not yet, on their way anywhere.</summary>
    public string AfterLogout(PorthorSettings settings) => (settings.AfterLogoutUrl ?? new Uri(BaseUrl, "/")).AbsoluteUri;

    /// <summary>Whether browsers may send our cookie over plain http: only if that is how they reach us (deviations 30).</summary>
    public bool IsSecure => BaseUrl.Scheme == "https";
}
