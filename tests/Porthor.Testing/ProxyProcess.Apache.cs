namespace Porthor.Testing;

internal sealed partial class ProxyProcess
{
    private const string ApacheModules = "/usr/lib/apache2/modules";

    /// <summary>Returns null if Apache can be run with mod_auth_openidc, otherwise the reason.</summary>
    public static string? ApacheSkipReason() =>
        Prerequisites.Find("apache2") is not null && File.Exists($"{ApacheModules}/mod_auth_openidc.so")
            ? null
            : "Apache's mod_auth_openidc is not installed; ./test.sh installs it (Debian's apache2 and libapache2-mod-auth-openidc)";

    /// <summary>
    /// Starts Apache with mod_auth_openidc as a site whose users log in with an OpenID Connect provider. The response header
    /// <c>X-Remote-User</c> contains the user.
    /// </summary>
    /// <param name="port">The port of the site, which has TLS.</param>
    /// <param name="provider">The lines that configure the provider and the client.</param>
    /// <param name="certificate">The certificate of the provider.</param>
    public static Task<ProxyProcess> StartApacheAsync(int port, string provider, string certificate) =>
        StartAsync("Apache", port, process => process.Apache(provider, certificate));

    private string[] Apache(string provider, string certificate)
    {
        Directory.CreateDirectory(Path.Combine(folder, "pages"));
        File.WriteAllText(Path.Combine(folder, "pages", "index.html"), "<!doctype html><title>Apache</title><p>The protected page.");
        File.WriteAllText(Path.Combine(folder, "provider.crt"), certificate);
        TestCertificate.Write(folder, "app.example.net");
        string[] names = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "headers", "dir", "mime", "ssl"];
        var modules = string.Concat(names.Select(name => $"LoadModule {name}_module {ApacheModules}/mod_{name}.so\n"));
        // As root, Apache uses another user, who must be able to read the folder.
        var user = "";
        if (Environment.UserName == "root")
        {
            user = "User www-data\nGroup www-data";
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        }
        var configuration = Path.Combine(folder, "apache.conf");
        File.WriteAllText(configuration, $"""
            {modules}
            ServerRoot "{folder}"
            ServerName app.example.net
            Listen 127.0.0.1:{Port}
            PidFile "{folder}/apache.pid"
            ErrorLog /dev/stderr
            DocumentRoot "{folder}/pages"
            TypesConfig /etc/mime.types
            SSLEngine on
            SSLCertificateFile "{folder}/tls.crt"
            SSLCertificateKeyFile "{folder}/tls.key"
            {provider}
            OIDCCABundlePath "{folder}/provider.crt"
            <Location />
              AuthType openid-connect
              Require valid-user
              Header always set X-Remote-User "expr=%{"{REMOTE_USER}"}"
            </Location>
            {user}

            """);
        return [Prerequisites.Find("apache2")!, "-X", "-f", configuration];
    }
}
