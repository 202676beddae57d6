using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Users.Ldap;

/// <summary>Where the directory is, how its connections are protected, and who we are to it.</summary>
internal sealed class LdapServer
{
    private readonly X509Certificate2Collection? authorities;

    /// <exception cref="StartException">The file of certificates cannot be read.</exception>
    public LdapServer(LdapSettings settings)
    {
        Settings = settings;
        var url = new Uri(settings.Url);
        (Host, UsesTls) = (url.IdnHost, url.Scheme == "ldaps");
        Port = url.Port > 0 ? url.Port : UsesTls ? 636 : 389;
        if (settings.CaFile is { } file)
        {
            authorities = LdapAuthorities.Read(file, out var problem);
            if (problem is not null)
                throw new StartException($"ldap.caFile: {problem}");
        }
    }

    public LdapSettings Settings { get; }

    public string Host { get; }

    public int Port { get; }

    /// <summary>TLS from the first byte; <see cref="LdapSettings.StartTls"/> begins it later.</summary>
    public bool UsesTls { get; }

    /// <summary>Nothing but the wish to begin TLS is said in the clear.</summary>
    public bool IsProtected => UsesTls || Settings.StartTls;

    public bool BindsSimply => !string.IsNullOrEmpty(Settings.UserDn);

    /// <summary>The server's certificate must be for the host that is configured, by an authority that is trusted.</summary>
    public SslClientAuthenticationOptions TlsOptions() => new()
    {
        TargetHost = Host,
        CertificateChainPolicy = authorities is null ? null : ChainPolicy(authorities),
    };

    private static X509ChainPolicy ChainPolicy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}
