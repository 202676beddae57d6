using Porthor.Redis;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>
/// Reads the URLs of Redis: of a server, a Unix socket, Sentinel or a cluster (contract/configuration.md 2, storage.md 3.1).
/// </summary>
internal static class RedisSettings
{
    private const string RedisForm = "must be redis://HOST[:PORT]/DATABASE, where DATABASE is a number";
    private const string SocketForm = "must be unix:///PATH[?db=DATABASE]";
    private const string SentinelForm = "must be redis+sentinel://HOST[:PORT][,HOST...]/SERVICE[/DATABASE]";
    private const string ClusterForm = "must be redis+cluster://HOST[:PORT][,HOST...]; a cluster has only database 0";

    /// <summary>Returns the options for one logical database of Redis. If the URL is not valid, adds an error and returns null.</summary>
    public static RedisOptions? Read(SettingsSection settings, string key, string variable, Secret? password)
    {
        if (settings.Text(key, variable) is not { Length: > 0 } text)
            return null;
        // The URL is never printed, because it may contain a password.
        List<string> problems = [];
        var options = RedisUrl.TryParse(text, out var url) ? Read(url, problems) : Refused(problems, FormOf(text));
        foreach (var problem in problems)
            settings.AddError(key, value: null, problem);
        if (problems.Count > 0 || options is null)
            return null;
        return password is null ? options : options with { Password = password };
    }

    private static RedisOptions? Read(RedisUrl url, List<string> problems)
    {
        var query = new RedisUrlQuery(url.Query, problems);
        var isTls = url.Scheme.StartsWith("rediss", StringComparison.Ordinal);
        var place = url.Scheme switch
        {
            "redis" or "rediss" => ServerOf(url, query),
            "unix" => SocketOf(url, query),
            "redis+sentinel" or "rediss+sentinel" => SentinelOf(url, query),
            "redis+cluster" or "rediss+cluster" => ClusterOf(url, query),
            _ => null,
        };
        if (place is null)
            return Refused(problems, FormOf(url.Scheme));
        var user = query.Text("username");
        var password = query.Secret("password");
        var options = place with
        {
            User = url.User ?? user,
            Password = url.Password ?? password,
            ConnectTimeout = query.Seconds("socket_connect_timeout"),
            ClientName = query.Text("client_name") ?? place.ClientName,
            Tls = isTls ? query.Tls() : null,
        };
        return options with { IgnoredParameters = query.Finish(isTls) };
    }

    private static RedisOptions? ServerOf(RedisUrl url, RedisUrlQuery query)
    {
        var inQuery = query.Database();
        if (url.Hosts.Count > 1 || !RedisUrl.IsDatabase(url.Path, out var database))
            return null;
        var host = url.Hosts.Count == 1 ? url.Hosts[0] : new RedisHost("localhost", RedisUrl.DefaultPort);
        return new RedisOptions { Host = host.Host, Port = host.Port, Database = inQuery ?? database };
    }

    private static RedisOptions? SocketOf(RedisUrl url, RedisUrlQuery query)
    {
        var database = query.Database() ?? 0;
        var path = Uri.UnescapeDataString(url.Path);
        // If the URL has a host, the first directory of the path is missing.
        return url.Hosts.Count == 0 && path.Length > 1 && path[0] == '/'
            ? new RedisOptions { UnixSocket = path, Database = database }
            : null;
    }

    private static RedisOptions? SentinelOf(RedisUrl url, RedisUrlQuery query)
    {
        var inQuery = query.Database();
        var sentinelUser = query.Text("sentinel_username");
        var sentinelPassword = query.Secret("sentinel_password");
        var slash = url.Path.Length > 1 ? url.Path.IndexOf('/', 1) : -1;
        var service = Uri.UnescapeDataString(slash < 0 ? url.Path.TrimStart('/') : url.Path[1..slash]);
        if (url.Hosts.Count == 0 || service.Length == 0 || !RedisUrl.IsDatabase(slash < 0 ? "" : url.Path[slash..], out var database))
            return null;
        return new RedisOptions
        {
            Host = url.Hosts[0].Host,
            Port = url.Hosts[0].Port,
            Database = inQuery ?? database,
            Sentinel = new RedisSentinelOptions { Hosts = url.Hosts, Service = service, User = sentinelUser, Password = sentinelPassword },
        };
    }

    private static RedisOptions? ClusterOf(RedisUrl url, RedisUrlQuery query)
    {
        var inQuery = query.Database() ?? 0;
        if (url.Hosts.Count == 0 || !RedisUrl.IsDatabase(url.Path, out var database) || database != 0 || inQuery != 0)
            return null;
        return new RedisOptions { Host = url.Hosts[0].Host, Port = url.Hosts[0].Port, ClusterHosts = url.Hosts };
    }

    private static RedisOptions? Refused(List<string> problems, string form)
    {
        problems.Add(form);
        return null;
    }

    /// <summary>Returns the expected form of a URL with this scheme.</summary>
    private static string FormOf(string url)
    {
        var scheme = url.Split(':', 2)[0].ToLowerInvariant();
        return scheme switch
        {
            "unix" => SocketForm,
            "redis+sentinel" or "rediss+sentinel" => SentinelForm,
            "redis+cluster" or "rediss+cluster" => ClusterForm,
            _ => RedisForm,
        };
    }
}
