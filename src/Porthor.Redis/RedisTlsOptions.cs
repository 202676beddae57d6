using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Porthor.Secrets;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents the options for TLS and for the check of the server's certificate.</summary>
public sealed record RedisTlsOptions
{
    /// <summary>
    /// The certificates that are trusted instead of those of the operating system; null for those of the operating system.
    /// </summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>False to accept any certificate.</summary>
    public bool CheckCertificate { get; init; } = true;

    /// <summary>False to accept a certificate for another name than the host of the URL.</summary>
    public bool CheckHostName { get; init; } = true;

    /// <summary>The certificate that is presented to the server; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>The protocol versions that are allowed; None for the default of the operating system.</summary>
    public SslProtocols Protocols { get; init; }

    /// <summary>Reads a client certificate and its key from PEM files.</summary>
    /// <param name="certificatePath">The path of the certificate.</param>
    /// <param name="keyPath">The path of the key; null if the certificate file contains it.</param>
    /// <param name="password">The password of the key; null if the key is not encrypted.</param>
    public static X509Certificate2 ReadClientCertificate(string certificatePath, string? keyPath, Secret? password) =>
        password is null
            ? X509Certificate2.CreateFromPemFile(certificatePath, keyPath)
            : X509Certificate2.CreateFromEncryptedPemFile(certificatePath, password.Reveal(), keyPath);

    internal void ApplyTo(ConfigurationOptions configuration)
    {
        configuration.Ssl = true;
        configuration.SslClientAuthenticationOptions = Authentication;
    }

    /// <summary>Returns the options for a TLS connection.</summary>
    /// <param name="host">The host of the URL, or the host that Sentinel or the cluster reported.</param>
    internal SslClientAuthenticationOptions Authentication(string host)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = Protocols,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, _, _, errors) => IsAccepted(errors),
        };
        if (ClientCertificate is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(
                ClientCertificate, additionalCertificates: null, offline: true);
        if (Authorities is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(Authorities);
            options.CertificateChainPolicy.ExtraStore.AddRange(Authorities);
        }
        return options;
    }

    private bool IsAccepted(SslPolicyErrors errors)
    {
        if (!CheckCertificate)
            return true;
        return (CheckHostName ? errors : errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
    }
}
