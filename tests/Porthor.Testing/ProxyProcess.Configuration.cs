using System.Text.RegularExpressions;
using Shouldly;

namespace Porthor.Testing;

internal sealed partial class ProxyProcess
{
    private const string NginxLua = "/usr/lib/nginx/modules/ngx_http_lua_module.so";
    private const string HeadersMore = "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so";

    private string[] Nginx(string porthor, string site, string listening = ";")
    {
        if (listening != ";")
            TestCertificate.Write(folder, "example.com");
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

    private string[] Caddy(string porthor, string site)
    {
        CopyDeployFile(
            "caddy/Caddyfile", ("http://example.com", $"http://example.com:{Port}"), ("127.0.0.1:8080", porthor), ("127.0.0.1:3000", site));
        CopyDeployFile("caddy/porthor.caddy");
        // Listens only on loopback and without the admin endpoint.
        File.WriteAllText(
            Path.Combine(folder, "test.caddy"), $"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {Port}\n}}\nimport Caddyfile\n");
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
