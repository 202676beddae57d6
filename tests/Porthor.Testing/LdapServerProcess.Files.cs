using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Porthor.Testing;

public sealed partial class LdapServerProcess
{
    private static async Task CreateCertificatesAsync(string folder)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=Porthor's tests", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authority = authorityRequest.CreateSelfSigned(from, until);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ldap", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, until, [1, 2, 3, 4]);

        await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), authority.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "server.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "server.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static string Configuration(string folder, bool withTls, string more)
    {
        var tls = $"""
            TLSCertificateFile {folder}/server.pem
            TLSCertificateKeyFile {folder}/server.key
            """;
        return $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            include {folder}/tests.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            {(withTls ? tls : "")}
            {more}
            database mdb
            suffix {Suffix}
            rootdn {RootDn}
            rootpw {RootPassword}
            directory {folder}/db
            dbnosync
            access to dn.subtree="{HiddenDn}" by users read by * none
            access to * by * read
            """;
    }

    /// <summary>A schema without required attributes, so that tests can omit any attribute.</summary>
    private const string Schema =
        """
        attributetype ( 1.3.6.1.4.1.4203.666.1.9001 NAME 'memberName' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
        objectclass ( 1.3.6.1.4.1.4203.666.3.9001 NAME 'testUser' SUP top STRUCTURAL
          MAY ( uid $ cn $ displayName $ mail $ uidNumber $ gidNumber $ employeeNumber $ departmentNumber $ description ) )
        objectclass ( 1.3.6.1.4.1.4203.666.3.9002 NAME 'posixGroup' SUP top STRUCTURAL
          MAY ( cn $ gidNumber $ member $ memberName $ description ) )
        """;
}
