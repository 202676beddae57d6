using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Porthor.Ldap;

/// <summary>Reads the certificates of the certificate authorities that are trusted for the directory.</summary>
internal static class LdapAuthorities
{
    /// <param name="file">The path of a file in PEM format.</param>
    /// <param name="problem">The error in the file; null if there is none.</param>
    public static X509Certificate2Collection Read(string file, out string? problem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
            problem = certificates.Count > 0 ? null : $"{file} contains no certificate in PEM format.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            problem = $"{file} cannot be read: {e.Message}";
        }
        return certificates;
    }
}
