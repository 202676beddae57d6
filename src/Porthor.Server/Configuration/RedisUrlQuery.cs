using System.Globalization;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Porthor.Redis;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>
/// Reads the query of a Redis URL as redis-py does. If a parameter occurs twice, the first one is used; a parameter without a value is
/// ignored. An error message contains the name of the parameter, never a value.
/// </summary>
internal sealed class RedisUrlQuery
{
    /// <summary>The parameters of redis-py that have no effect in Porthor.</summary>
    private static readonly HashSet<string> Ignored =
    [
        "socket_timeout", "socket_read_size", "socket_keepalive", "retry_on_timeout", "retry_on_error", "max_connections",
        "health_check_interval", "timeout", "protocol", "legacy_responses", "encoding", "encoding_errors", "decode_responses", "lib_name",
        "lib_version",
    ];

    /// <summary>
    /// The TLS parameters of redis-py that Porthor does not support. They are errors, because without them a connection would be less
    /// secure than configured.
    /// </summary>
    private static readonly HashSet<string> Unsupported =
    [
        "ssl_ca_path", "ssl_ciphers", "ssl_include_verify_flags", "ssl_exclude_verify_flags", "ssl_validate_ocsp",
        "ssl_validate_ocsp_stapled", "ssl_ocsp_context", "ssl_ocsp_expected_cert",
    ];

    private readonly Dictionary<string, string> values = [];
    private readonly HashSet<string> read = [];
    private readonly List<string> problems;

    public RedisUrlQuery(string query, List<string> problems)
    {
        this.problems = problems;
        foreach (var parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = parameter.Split('=', 2);
            values.TryAdd(Decoded(parts[0]), parts.Length > 1 ? Decoded(parts[1]) : "");
        }
    }

    /// <summary>Returns the value of a parameter; null if it is absent or empty.</summary>
    public string? Text(string name)
    {
        read.Add(name);
        return values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
    }

    public Secret? Secret(string name) => Text(name) is { } value ? new Secret(value) : null;

    /// <summary>Reads the parameter <c>db</c>, which takes precedence over the path.</summary>
    public int? Database()
    {
        if (Text("db") is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var database))
            return database;
        problems.Add("the parameter 'db' must be the number of a database");
        return null;
    }

    public TimeSpan? Seconds(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0.1 and <= 30)
            return TimeSpan.FromSeconds(seconds);
        problems.Add($"the parameter '{name}' must be between 0.1 and 30 seconds");
        return null;
    }

    /// <summary>Reads the TLS parameters, for a scheme with TLS.</summary>
    public RedisTlsOptions Tls() => new()
    {
        CheckCertificate = Requirements(),
        CheckHostName = Flag("ssl_check_hostname") ?? true,
        Authorities = Authorities(),
        ClientCertificate = ClientCertificate(),
        Protocols = MinimumVersion(),
    };

    /// <summary>Adds an error for each unknown parameter, and returns the parameters that have no effect.</summary>
    public IReadOnlyList<string> Finish(bool isTls)
    {
        List<string> ignored = [];
        foreach (var name in values.Keys.Where(name => !read.Contains(name)))
        {
            if (Ignored.Contains(name))
                ignored.Add(name);
            else if (name.StartsWith("ssl", StringComparison.Ordinal) && !isTls)
                problems.Add($"has the parameter '{Shown(name)}', which needs TLS; begin the URL with rediss://");
            else if (Unsupported.Contains(name))
                problems.Add($"has the parameter '{name}', which Porthor does not support");
            else
                problems.Add($"has the unknown parameter '{Shown(name)}'");
        }
        return ignored;
    }

    private static string Decoded(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    /// <summary>Returns the name for display. An unusual name is hidden, because it can be a part of a password.</summary>
    private static string Shown(string name) => name.Length <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? name : "***";

    /// <summary>Reads a boolean as redis-py does: 0, f, false, n and no are false, and every other text is true.</summary>
    private bool? Flag(string name) =>
        Text(name) is { } text ? text.ToUpperInvariant() is not ("0" or "F" or "FALSE" or "N" or "NO") : null;

    private bool Requirements()
    {
        var text = Text("ssl_cert_reqs");
        if (text is not (null or "none" or "optional" or "required"))
            problems.Add("the parameter 'ssl_cert_reqs' must be none, optional or required");
        // A server always presents a certificate to a client, so optional means required.
        return text != "none";
    }

    private X509Certificate2Collection? Authorities()
    {
        var (path, data) = (Text("ssl_ca_certs"), Text("ssl_ca_data"));
        if (path is null && data is null)
            return null;
        X509Certificate2Collection found = [];
        Try("ssl_ca_certs", () =>
        {
            if (path is not null)
                found.ImportFromPemFile(path);
            if (data is not null)
                found.ImportFromPem(data);
            if (found.Count == 0)
                throw new CryptographicException("it contains no certificate");
        });
        return found;
    }

    private X509Certificate2? ClientCertificate()
    {
        var (certificate, key, password) = (Text("ssl_certfile"), Text("ssl_keyfile"), Secret("ssl_password"));
        if (certificate is null)
        {
            if (key is not null || password is not null)
                problems.Add("the parameter 'ssl_keyfile' needs 'ssl_certfile'");
            return null;
        }
        X509Certificate2? found = null;
        Try("ssl_certfile", () => found = RedisTlsOptions.ReadClientCertificate(certificate, key, password));
        return found;
    }

    /// <summary>Reads a protocol version. The values are the numbers of Python: 771 for TLS 1.2, 772 for TLS 1.3.</summary>
    private SslProtocols MinimumVersion()
    {
        switch (Text("ssl_min_version"))
        {
            case null:
                return SslProtocols.None;
            case "771":
                return SslProtocols.Tls12 | SslProtocols.Tls13;
            case "772":
                return SslProtocols.Tls13;
            default:
                problems.Add("the parameter 'ssl_min_version' must be 771 (TLS 1.2) or 772 (TLS 1.3)");
                return SslProtocols.None;
        }
    }

    private void Try(string name, Action readFiles)
    {
        try
        {
            readFiles();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            problems.Add($"the parameter '{name}': {e.Message}");
        }
    }
}
