using System.Net.Sockets;

namespace Porthor.Testing;

internal sealed partial class ProxyProcess
{
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
}
