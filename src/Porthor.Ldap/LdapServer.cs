using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Porthor.Ldap;

/// <summary>Represents the address of the directory, and specifies how connections are encrypted and authenticated.</summary>
internal sealed class LdapServer
{
    private readonly X509Certificate2Collection? authorities;

    /// <exception cref="InvalidDataException">The certificate file cannot be read.</exception>
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
                throw new InvalidDataException($"ldap.caFile: {problem}");
        }
    }

    public LdapSettings Settings { get; }

    public string Host { get; }

    public int Port { get; }

    /// <summary>Gets whether the connection uses TLS from the start. <see cref="LdapSettings.StartTls"/> starts it later.</summary>
    public bool UsesTls { get; }

    /// <summary>Gets whether all requests except StartTLS are encrypted with TLS.</summary>
    public bool IsProtected => UsesTls || Settings.StartTls;

    public bool BindsSimply => !string.IsNullOrEmpty(Settings.UserDn);

    /// <summary>Returns the TLS options. The certificate must be for the configured host and from a trusted authority.</summary>
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
