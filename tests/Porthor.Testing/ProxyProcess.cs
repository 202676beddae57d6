using System.Collections.Concurrent;
using System.Diagnostics;

namespace Porthor.Testing;

/// <summary>The proxies for which <c>deploy/</c> has configuration files.</summary>
public enum Proxy
{
    Nginx,
    Caddy,
    HAProxy,
}

/// <summary>Runs a proxy with the files of <c>deploy/</c> in a temporary folder. Only the addresses in these files are changed.</summary>
internal sealed partial class ProxyProcess : IAsyncDisposable
{
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

    /// <summary>The certificate of a proxy with TLS, for example.com and 127.0.0.1. It is its own certificate authority.</summary>
    public string CertificatePath => Path.Combine(folder, "tls.crt");

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
}
