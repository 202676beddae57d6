using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Porthor.Server.Users.Ldap;

/// <summary>The file that says who may have signed the directory's certificate.</summary>
internal static class LdapAuthorities
{
    /// <param name="problem">What is wrong with the file; null if nothing is.</param>
    public static X509Certificate2Collection Read(string file, out string? problem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
            problem = certificates.Count > 0 ? null : $"{file} holds no certificate in PEM.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            problem = $"{file} cannot be read: {e.Message}";
        }
        return certificates;
    }
}
