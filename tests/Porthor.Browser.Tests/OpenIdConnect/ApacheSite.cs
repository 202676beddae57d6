using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using Porthor.Testing;

namespace Porthor.Browser.Tests.OpenIdConnect;

/// <summary>Runs Apache with mod_auth_openidc (Debian's packages) as a site whose users log in with Porthor.</summary>
internal sealed class ApacheSite : IAsyncDisposable
{
    private const string Modules = "/usr/lib/apache2/modules";

    private readonly string folder = Directory.CreateTempSubdirectory("porthor-apache-").FullName;
    private readonly ConcurrentQueue<string> output = new();
    private readonly Process process;

    /// <param name="port">The port of the site.</param>
    /// <param name="provider">The lines that configure the provider and the client.</param>
    /// <param name="certificate">The certificate of the provider.</param>
    private ApacheSite(int port, string provider, string certificate)
    {
        Directory.CreateDirectory(Path.Combine(folder, "pages"));
        File.WriteAllText(Path.Combine(folder, "pages", "index.html"), "<!doctype html><title>Apache</title><p>The protected page.");
        File.WriteAllText(Path.Combine(folder, "provider.crt"), certificate);
        TestCertificate.Write(folder, "app.example.net");
        string[] names = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "headers", "dir", "mime", "ssl"];
        var modules = string.Concat(names.Select(name => $"LoadModule {name}_module {Modules}/mod_{name}.so\n"));
        var configuration = Path.Combine(folder, "apache.conf");
        File.WriteAllText(configuration, $"""
            {modules}
            ServerRoot "{folder}"
            ServerName app.example.net
            Listen 127.0.0.1:{port}
            PidFile "{folder}/apache.pid"
            ErrorLog "{folder}/error.log"
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
            """);
        // As root, Apache would use another user, who cannot read the folder.
        if (Environment.UserName == "root")
            File.AppendAllText(configuration, "\nUser www-data\nGroup www-data\n");
        if (Environment.UserName == "root")
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        process = Process.Start(new ProcessStartInfo(Prerequisites.Find("apache2")!, ["-X", "-f", configuration])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Port = port;
    }

    /// <summary>The reason why Apache cannot run on this machine; null if it can.</summary>
    public static string? SkipReason => Prerequisites.Find("apache2") is not null && File.Exists($"{Modules}/mod_auth_openidc.so")
        ? null
        : "Apache's mod_auth_openidc is not installed; ./test.sh installs it (Debian's apache2 and libapache2-mod-auth-openidc)";

    public int Port { get; }

    /// <summary>The output and the error log.</summary>
    public string Errors => string.Join('\n', output)
        + (File.Exists(Path.Combine(folder, "error.log")) ? File.ReadAllText(Path.Combine(folder, "error.log")) : "");

    public static async Task<ApacheSite> StartAsync(int port, string provider, string certificate)
    {
        var site = new ApacheSite(port, provider, certificate);
        await RealServers.WaitUntilAsync(
            async () =>
            {
                if (site.process.HasExited)
                    return;
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", port);
            },
            "Apache");
        return site.process.HasExited ? throw new InvalidOperationException($"Apache ended: {site.Errors}") : site;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
