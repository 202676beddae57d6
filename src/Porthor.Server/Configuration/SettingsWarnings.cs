using System.Net;
using System.Net.Sockets;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Configuration;

/// <summary>
/// Finds valid settings that are probably mistakes. The service starts with them; <c>porthor config check</c> prints them.
/// </summary>
internal static class SettingsWarnings
{
    private const int ShortestIPv4Prefix = 24;
    private const int ShortestIPv6Prefix = 64;

    public static IEnumerable<string> Of(PorthorSettings settings)
    {
        if (settings is { BaseUrl: { } baseUrl, Providers.Oidc.RedirectUrl: { } redirect } && redirect != new Uri(baseUrl, Routes.Login))
            yield return $"redirectUrl is {redirect}, but the login endpoint is {new Uri(baseUrl, Routes.Login)}: "
                + "the proxy must rewrite the former to the latter.";
        if (AdministratorSettings.FindWarning(settings) is { } administrators)
            yield return administrators;
        if (settings.Providers.HasAny && settings.AdminUsers.Count == 0 && settings.GroupMapping.Values.All(groups => groups.Count == 0))
            yield return "groupMapping assigns no scope to any group: no user can log in.";
        if (settings.Providers.Ldap is { StartTls: false, UserDn.Length: > 0 } ldap
            && new Uri(ldap.Url) is { Scheme: "ldap", IsLoopback: false })
            yield return "the password of ldap.userDn is sent unencrypted: use an ldaps:// URL, or startTls.";
        if (settings.BaseUrl is { Scheme: "http", IsLoopback: false })
            yield return "baseUrl is not an https:// URL: session cookies are sent unencrypted.";
        var servers = new[] { ("redisPersistentUrl", settings.PersistentRedis), ("redisEphemeralUrl", settings.EphemeralRedis) };
        foreach (var (name, redis) in servers)
        {
            if (redis is { IgnoredParameters: { Count: > 0 } ignored })
                yield return $"{name} has parameters without effect in Porthor: {string.Join(", ", ignored)}. "
                    + "answerTimeout limits every call.";
            if (redis is { Tls.CheckCertificate: false })
                yield return $"{name} does not check the certificate of the server (ssl_cert_reqs=none).";
        }
        foreach (var network in settings.Proxies.Where(IsTooLarge))
        {
            yield return $"proxies contains the network {network}: every machine in it can choose the client address and the request that "
                + $"{Routes.IngressForward} decides on. Name only the addresses of your proxies.";
        }
        if (settings.Proxies.Count == 0)
        {
            yield return "proxies is not set: forwarded client addresses are accepted only from loopback, and "
                + $"{Routes.IngressAuth} accepts X-Original-* headers from every peer. Set proxies to the addresses of your proxy.";
        }
    }

    /// <summary>Returns whether a network has more addresses than the proxies of a site need. Loopback is one machine.</summary>
    private static bool IsTooLarge(AddressBlock network) => !IPAddress.IsLoopback(network.Address)
        && network.PrefixLength < (network.Address.AddressFamily == AddressFamily.InterNetwork ? ShortestIPv4Prefix : ShortestIPv6Prefix);
}
