using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Redis;

public sealed partial class RedisConnectionTests
{
    /// <summary>A Redis server with a certificate for localhost.</summary>
    private sealed record TlsSite(RedisServerProcess Redis, X509Certificate2 Authority) : IAsyncDisposable
    {
        public static async Task<TlsSite> CreateAsync()
        {
            var folder = Directory.CreateTempSubdirectory("porthor-tls-").FullName;
            var authority = CreateAuthority();
            using var key = RSA.Create(2048);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(names.Build());
            using var certificate = request.Create(
                authority, DateTimeOffset.UtcNow.AddMinutes(-4), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
            string[] files = [Path.Combine(folder, "ca.pem"), Path.Combine(folder, "server.pem"), Path.Combine(folder, "key.pem")];
            await File.WriteAllTextAsync(files[0], authority.ExportCertificatePem());
            await File.WriteAllTextAsync(files[1], certificate.ExportCertificatePem());
            await File.WriteAllTextAsync(files[2], key.ExportPkcs8PrivateKeyPem());
            var redis = await RedisServerProcess.StartOwnAsync(
                "--tls-port", "{tls-port}", "--tls-ca-cert-file", files[0], "--tls-cert-file", files[1], "--tls-key-file", files[2],
                "--tls-auth-clients", "no");
            return new TlsSite(redis, authority);
        }

        public static X509Certificate2 CreateAuthority()
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=Authority of a site", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(
                new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        }

        public async ValueTask DisposeAsync()
        {
            await Redis.DisposeAsync();
            Authority.Dispose();
        }
    }
}
