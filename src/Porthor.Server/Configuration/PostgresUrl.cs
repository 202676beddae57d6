using System.Globalization;
using Npgsql;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>
/// Reads <c>databaseUrl</c>: a connection URI as libpq defines it (PostgreSQL documentation, "Connection URIs"), also with the prefixes
/// that the reference uses (contract/configuration.md 2, storage.md 2.5).
/// </summary>
internal static class PostgresUrl
{
    private const string Key = "databaseUrl";
    private const string Wanted = "must be postgresql://USER@HOST[:PORT]/DATABASE";

    private static readonly string[] Schemes =
        ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg2", "postgresql+psycopg"];

    private static readonly Dictionary<string, SslMode> SslModes = new()
    {
        ["disable"] = SslMode.Disable,
        ["allow"] = SslMode.Allow,
        ["prefer"] = SslMode.Prefer,
        ["require"] = SslMode.Require,
        ["verify-ca"] = SslMode.VerifyCA,
        ["verify-full"] = SslMode.VerifyFull,
    };

    private static readonly Dictionary<string, Action<Parts, string>> Parameters = new()
    {
        ["host"] = (parts, value) => parts.Hosts = [.. value.Split(',')],
        ["port"] = (parts, value) => parts.Ports = [.. value.Split(',')],
        ["user"] = (parts, value) => parts.Settings.Username = value,
        ["password"] = (parts, value) => parts.Settings.Password = value,
        ["dbname"] = (parts, value) => parts.Settings.Database = value,
        ["sslmode"] = (parts, value) => parts.SetSslMode("sslmode", value),
        // The driver of the reference uses this name.
        ["ssl"] = (parts, value) => parts.SetSslMode("ssl", value),
        ["sslrootcert"] = (parts, value) => parts.Settings.RootCertificate = value,
        ["sslcert"] = (parts, value) => parts.Settings.SslCertificate = value,
        ["sslkey"] = (parts, value) => parts.Settings.SslKey = value,
        ["application_name"] = (parts, value) => parts.Settings.ApplicationName = value,
        ["options"] = (parts, value) => parts.Settings.Options = value,
        ["connect_timeout"] = (parts, value) => parts.SetTimeout(value),
        ["target_session_attrs"] = (parts, value) => parts.CheckTarget(value),
    };

    /// <summary>Returns a connection string for the driver. If the URL is not valid, adds an error and returns null.</summary>
    public static Secret? Read(SettingsSection settings)
    {
        var password = settings.Secret("databasePassword", "DATABASE_PASSWORD");
        if (settings.Text(Key, "DATABASE_URL") is not { Length: > 0 } text)
            return null;
        Parts parts = new();
        // The URL is never printed, because it may contain a password.
        if ((Split(text, parts) ?? parts.Finish()) is { } error)
        {
            settings.AddError(Key, value: null, error);
            return null;
        }
        if (password is not null && parts.Settings.Username is null)
        {
            settings.AddError(Key, value: null, "databasePassword is set, but the URL names no user");
            return null;
        }
        if (password is not null)
            parts.Settings.Password = password.Reveal();
        return new Secret(parts.Settings.ConnectionString);
    }

    /// <summary>Splits the URL into its parts. Returns the error, or null.</summary>
    private static string? Split(string text, Parts parts)
    {
        var schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        if (schemeEnd < 0 || !Schemes.Contains(text[..schemeEnd], StringComparer.Ordinal) || text.Contains('\0', StringComparison.Ordinal))
            return Wanted;
        var (place, query) = Cut(text[(schemeEnd + 3)..], text.IndexOf('?', schemeEnd) - schemeEnd - 3);
        var (authority, path) = Cut(place, place.IndexOf('/', StringComparison.Ordinal));
        var (userInfo, hosts) = Cut(authority, authority.LastIndexOf('@'));
        if (hosts is null)
            (userInfo, hosts) = (null, authority);
        if (userInfo is not null)
        {
            var (user, password) = Cut(userInfo, userInfo.IndexOf(':', StringComparison.Ordinal));
            (parts.Settings.Username, parts.Settings.Password) = (Decode(user), Decode(password));
        }
        if (Decode(path) is { } database)
            parts.Settings.Database = database;
        if (hosts.Length > 0)
            parts.SetHosts(hosts.Split(','));
        foreach (var parameter in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Cut(parameter, parameter.IndexOf('=', StringComparison.Ordinal));
            if (value is null || !Parameters.TryGetValue(Decode(name) ?? "", out var set))
                return $"has the parameter '{name}'; known are {string.Join(", ", Parameters.Keys)}";
            set(parts, Decode(value) ?? "");
        }
        return null;
    }

    private static (string Before, string? After) Cut(string text, int at) => at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);

    private static string? Decode(string? text) => string.IsNullOrEmpty(text) ? null : Uri.UnescapeDataString(text);

    private sealed class Parts
    {
        private string? error;

        public NpgsqlConnectionStringBuilder Settings { get; } = new();

        public List<string> Hosts { get; set; } = [];

        /// <summary>Gets or sets the ports: one for each host, or one for all hosts. An empty text means the default port.</summary>
        public List<string> Ports { get; set; } = [];

        public void SetHosts(string[] hosts)
        {
            foreach (var host in hosts)
            {
                var bracket = host.LastIndexOf(']');
                var (name, port) = Cut(host, host.IndexOf(':', Math.Max(bracket, 0)));
                if (host.StartsWith('[') && bracket > 0)
                    name = host[1..bracket];
                Hosts.Add(Decode(name) ?? "");
                Ports.Add(port ?? "");
            }
        }

        public void SetSslMode(string name, string value)
        {
            if (SslModes.TryGetValue(value, out var mode))
                Settings.SslMode = mode;
            else
                error ??= $"has the parameter '{name}'; it must be {string.Join(", ", SslModes.Keys)}";
        }

        public void SetTimeout(string value)
        {
            if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 30)
                Settings.Timeout = seconds;
            else
                error ??= "has the parameter 'connect_timeout'; it must be a number of seconds from 1 to 30";
        }

        public void CheckTarget(string value)
        {
            if (value is not ("primary" or "read-write"))
                error ??= "has the parameter 'target_session_attrs'; it must be primary or read-write, "
                        + "because Porthor uses only the primary";
        }

        /// <summary>Combines hosts and ports. Returns the error, or null.</summary>
        public string? Finish()
        {
            if (error is not null)
                return error;
            if (Hosts.Count == 0 || Hosts.Exists(host => host.Length == 0 || host.Contains(',', StringComparison.Ordinal)))
                return Wanted;
            if (Ports.Count > 1 && Ports.Count != Hosts.Count)
                return "has several ports, but not one for each host";
            List<int> ports = [];
            for (var i = 0; i < Hosts.Count; i++)
            {
                var text = Ports.Count == 0 ? "" : Ports[Ports.Count == 1 ? 0 : i];
                if (text.Length == 0)
                    ports.Add(NpgsqlConnection.DefaultPort);
                else if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65_535)
                    ports.Add(port);
                else
                    return "has a port that is not a number from 1 to 65535";
            }
            if (Hosts.Count == 1)
            {
                (Settings.Host, Settings.Port) = (Hosts[0], ports[0]);
                return null;
            }
            if (Hosts.Exists(host => host.StartsWith('/')))
                return "has a Unix socket among several hosts";
            Settings.Host = string.Join(',', Hosts.Zip(ports, WithPort));
            return null;
        }

        private static string WithPort(string host, int port) => string.Create(
            CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");
    }
}
