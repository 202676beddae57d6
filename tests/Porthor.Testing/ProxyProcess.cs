using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Shouldly;

namespace Porthor.Testing;

/// <summary>The proxies for which <c>deploy/</c> has configuration files.</summary>
public enum Proxy
{
    Nginx,
    Caddy,
    HAProxy,
}

/// <summary>Runs a proxy with the files of <c>deploy/</c> in a temporary folder. Only the addresses in these files are changed.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private const string NginxLua = "/usr/lib/nginx/modules/ngx_http_lua_module.so";
    private const string HeadersMore = "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so";

    private readonly string folder = Directory.CreateTempSubdirectory("porthor-proxy-").FullName;
    private readonly ConcurrentQueue<string> output = new();
    private readonly Process process;

    private ProxyProcess(int port, Func<ProxyProcess, string[]> prepare)
    {
        Port = port;
        var command = prepare(this);
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Caddy stores its state in the home directory.
        start.Environment["HOME"] = start.Environment["XDG_DATA_HOME"] = start.Environment["XDG_CONFIG_HOME"] = folder;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; }

    /// <summary>The output of the process.</summary>
    public string Output => string.Join('\n', output);

    /// <summary>Returns the reason why the proxy cannot run on this machine; null if it can.</summary>
    public static string? SkipReason(Proxy proxy) => proxy switch
    {
        Proxy.Nginx when Prerequisites.Find("nginx") is null => "NGINX is not installed; ./test.sh installs it (Debian's nginx-light)",
        Proxy.Nginx when !File.Exists(HeadersMore) =>
            "NGINX's headers-more is not installed; ./test.sh installs it (Debian's libnginx-mod-http-headers-more-filter)",
        Proxy.Caddy when Prerequisites.Find("caddy") is null => "Caddy is not installed; ./test.sh installs it (Debian's caddy)",
        Proxy.HAProxy when Prerequisites.Find("haproxy") is null => "HAProxy is not installed; ./test.sh installs it (Debian's haproxy)",
        _ => null,
    };

    /// <summary>Returns null if NGINX can be run with its Lua module, otherwise the reason.</summary>
    public static string? LuaSkipReason() => SkipReason(Proxy.Nginx)
        ?? (File.Exists(NginxLua) ? null : "NGINX's Lua module is not installed; ./test.sh installs it (Debian's libnginx-mod-http-lua)");

    /// <param name="porthor">The address of Porthor: host and port.</param>
    /// <param name="site">The address of the protected site.</param>
    public static Task<ProxyProcess> StartAsync(Proxy proxy, string porthor, string site) => StartAsync(
        proxy.ToString(), process => proxy switch
    {
        Proxy.Nginx => process.Nginx(porthor, site),
        Proxy.Caddy => process.Caddy(porthor, site),
        _ => process.HAProxy(porthor, site),
    });

    /// <summary>Starts NGINX with a given server block.</summary>
    /// <param name="server">Returns the contents of the <c>http</c> block for the address to listen on.</param>
    public static Task<ProxyProcess> StartNginxAsync(Func<string, string> server) =>
        StartAsync(nameof(Proxy.Nginx), process => process.Nginx(server($"127.0.0.1:{process.Port}")));

    /// <summary>Starts NGINX with the files of <c>deploy/</c> and with TLS, which browsers require, with a test certificate.</summary>
    /// <param name="port">The port to listen on, for callers that need it before the start.</param>
    public static Task<ProxyProcess> StartTlsAsync(int port, string porthor, string site) =>
        StartAsync(nameof(Proxy.Nginx), port, process => process.Nginx(
            porthor, site, " ssl; ssl_certificate tls.crt; ssl_certificate_key tls.key;"));

    /// <summary>Starts NGINX with a modified <c>site.conf</c>.</summary>
    public static Task<ProxyProcess> StartNginxAsync(string porthor, string site, Func<string, string> change) => StartAsync(
        nameof(Proxy.Nginx), process =>
    {
        var command = process.Nginx(porthor, site);
        var path = Path.Combine(process.folder, "site.conf");
        File.WriteAllText(path, change(File.ReadAllText(path)));
        return command;
    });

    /// <summary>Starts Caddy as a site that serves h2c and answers each request with the user and the path that it received.</summary>
    public static Task<ProxyProcess> StartH2cSiteAsync() => StartAsync("a site with h2c", process =>
    {
        File.WriteAllText(Path.Combine(process.folder, "Caddyfile"), $$"""
            {
            	admin off
            	servers {
            		protocols h1 h2c
            	}
            }
            http://:{{process.Port}} {
            	bind 127.0.0.1
            	respond "user={header.X-Auth-Request-User} path={path}"
            }
            """);
        return [Prerequisites.Find("caddy")!, "run", "--adapter", "caddyfile", "--config", Path.Combine(process.folder, "Caddyfile")];
    });

    /// <summary>Starts NGINX with the Lua module and the optional <c>porthor/lua.conf</c>.</summary>
    public static Task<ProxyProcess> StartNginxWithLuaAsync(string porthor, string site) => StartAsync(nameof(Proxy.Nginx), process =>
    {
        var command = process.Nginx(porthor, site);
        process.Change("site.conf", "# include porthor/lua.conf;", "include porthor/lua.conf;");
        process.Change(
            "nginx.conf", "load_module ",
            $"load_module {Path.GetDirectoryName(NginxLua)}/ndk_http_module.so; load_module {NginxLua}; load_module ");
        return command;
    });

    private static Task<ProxyProcess> StartAsync(string name, Func<ProxyProcess, string[]> prepare) =>
        StartAsync(name, RealServers.FreePort(), prepare);

    private static async Task<ProxyProcess> StartAsync(string name, int port, Func<ProxyProcess, string[]> prepare)
    {
        var started = new ProxyProcess(port, prepare);
        await RealServers.WaitUntilAsync(
            async () =>
            {
                if (started.process.HasExited)
                    return;
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", started.Port);
            },
            name);
        return started.process.HasExited ? throw new InvalidOperationException($"{name} ended: {started.Output}") : started;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Returns the path of a file of <c>deploy/</c>.</summary>
    public static string Source(string path) => Path.Combine(AppContext.BaseDirectory, "deploy", path);

    private string[] Nginx(string porthor, string site, string listening = ";")
    {
        if (listening != ";")
            WriteCertificate();
        CopyDeployFile(
            "nginx/site.conf", ("listen 80;", $"listen 127.0.0.1:{Port}{listening}"), ("127.0.0.1:8080", porthor),
            ("127.0.0.1:3000", site));
        foreach (var file in Directory.GetFiles(Source("nginx/porthor")))
            CopyDeployFile($"nginx/porthor/{Path.GetFileName(file)}");
        return Nginx("include site.conf;");
    }

    private string[] Nginx(string http)
    {
        // The settings of a distribution's nginx.conf, without its folders.
        var tempPaths = string.Concat(
            ((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(name => $"{name}_temp_path {name}; "));
        File.WriteAllText(
            Path.Combine(folder, "nginx.conf"),
            $"load_module {HeadersMore}; daemon off; master_process off; pid pid; error_log stderr warn; events {{ }}\n"
            + $"http {{ access_log off; {tempPaths} {http} }}\n");
        return [Prerequisites.Find("nginx")!, "-p", folder, "-c", Path.Combine(folder, "nginx.conf"), "-e", "stderr"];
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=example.com", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private string[] Caddy(string porthor, string site)
    {
        CopyDeployFile(
            "caddy/Caddyfile", ("http://example.com", $"http://example.com:{Port}"), ("127.0.0.1:8080", porthor), ("127.0.0.1:3000", site));
        CopyDeployFile("caddy/porthor.caddy");
        // Listens only on loopback and without the admin endpoint.
        File.WriteAllText(Path.Combine(folder, "test.caddy"), "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\nimport Caddyfile\n");
        return [Prerequisites.Find("caddy")!, "run", "--adapter", "caddyfile", "--config", Path.Combine(folder, "test.caddy")];
    }

    private string[] HAProxy(string porthor, string site)
    {
        CopyDeployFile("haproxy/haproxy.cfg", ("bind :80", $"bind 127.0.0.1:{Port}"), ("127.0.0.1:8080", porthor), ("127.0.0.1:3000", site),
            ("/etc/haproxy/porthor.lua", "porthor.lua"));
        CopyDeployFile("haproxy/porthor.lua");
        return [Prerequisites.Find("haproxy")!, "-db", "-f", Path.Combine(folder, "haproxy.cfg")];
    }

    /// <summary>Replaces a text in a copied file.</summary>
    private void Change(string file, string from, string to)
    {
        var path = Path.Combine(folder, file);
        var text = File.ReadAllText(path);
        text.ShouldContain(from);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>
    /// Copies a file of <c>deploy/</c>, without the first folder of its path, and replaces addresses. Fails if the file does not contain
    /// one of them.
    /// </summary>
    private void CopyDeployFile(string path, params (string Original, string Replacement)[] addresses)
    {
        var text = File.ReadAllText(Source(path));
        // One pass replaces all addresses, so that no replacement is replaced again.
        var changed = addresses.Length == 0 ? text : Regex.Replace(
            text, string.Join('|', addresses.Select(address => Regex.Escape(address.Original))),
            match => addresses.Single(address => address.Original == match.Value).Replacement, RegexOptions.None, TimeSpan.FromSeconds(1));
        addresses.ShouldAllBe(address => text.Contains(address.Original, StringComparison.Ordinal));
        var target = Path.Combine(folder, path[(path.IndexOf('/') + 1)..]);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.WriteAllText(target, changed);
    }
}
