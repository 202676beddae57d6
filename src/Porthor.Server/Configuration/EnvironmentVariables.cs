using System.Text;
using Porthor.Server.Platform;
using Porthor.Server.Values;

namespace Porthor.Server.Configuration;

/// <summary>
/// Represents the environment variables of the configuration: the <c>GAFAELFAWR_*</c> variables of the reference, and the same names as
/// <c>PORTHOR_*</c>, which take precedence. A variable with the suffix <c>_FILE</c> contains the path of a file with the value, so that
/// secrets of Docker and systemd can be used. Of other variables, only standard ones of OpenTelemetry and Sentry are read (deviations 11).
/// </summary>
internal sealed class EnvironmentVariables(IReadOnlyDictionary<string, string> values)
{
    private const string OwnPrefix = "PORTHOR_";
    private const string ReferencePrefix = "GAFAELFAWR_";
    private const string FileSuffix = "_FILE";

    /// <summary>The maximum size of a file, in bytes. The longest values are lists of clients.</summary>
    private const int LargestFile = 1024 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly string[] Prefixes = [OwnPrefix, ReferencePrefix];

    /// <summary>All names of variables, without prefix.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "AFTER_LOGOUT_URL", "BASE_INTERNAL_URL", "BASE_URL", "BOOTSTRAP_TOKEN", "CILOGON_CLIENT_SECRET", "CONFIG_PATH", "DATABASE_PASSWORD",
        "DATABASE_URL", "DATA_DIR", "GITHUB_CLIENT_SECRET", "LDAP_PASSWORD", "MODE", "OIDC_CLIENT_SECRET", "OIDC_SERVER_CLIENTS",
        "OIDC_SERVER_CLIENT_SUFFIX", "OIDC_SERVER_ISSUER", "OIDC_SERVER_KEY", "REDIRECT_URL", "REDIS_EPHEMERAL_URL", "REDIS_PASSWORD",
        "REDIS_PERSISTENT_URL", "SESSION_SECRET", "SLACK_WEBHOOK",
    ];

    /// <summary>Secret variables that other programs read under the same name. They can name a file too.</summary>
    private static readonly string[] StandardSecrets = ["SENTRY_DSN"];

    public static EnvironmentVariables OfProcess() => new(
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(
            entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal));

    /// <summary>Returns the variables with the value of each <c>_FILE</c> variable read from its file.</summary>
    /// <param name="errors">
    /// Receives an error for each file that cannot be read, and for each variable that is set together with its <c>_FILE</c> variable.
    /// </param>
    public EnvironmentVariables WithFiles(SettingsErrors errors)
    {
        var resolved = new Dictionary<string, string>(values, StringComparer.Ordinal);
        foreach (var name in Prefixes.SelectMany(prefix => Names.Select(name => prefix + name)).Concat(StandardSecrets))
        {
            if (values.GetValueOrDefault(name + FileSuffix) is not { Length: > 0 } path)
                continue;
            if (values.GetValueOrDefault(name) is { Length: > 0 })
                errors.Add(name, value: null, $"and {name + FileSuffix} are both set; set only one of them");
            else if (TryReadFile(path, out var problem) is { } text && text.AsSpan().TrimEnd("\r\n").Length > 0)
                resolved[name] = text;
            else
                errors.Add(name + FileSuffix, path, problem.Length > 0 ? problem : "the file is empty");
        }
        return new EnvironmentVariables(resolved);
    }

    /// <summary>Returns a variable by its name without prefix, without line breaks at its end; null if it is unset or empty.</summary>
    public string? Get(string name) =>
        Prefixes.Select(prefix => values.GetValueOrDefault(prefix + name)?.TrimEnd('\r', '\n'))
            .FirstOrDefault(value => value is { Length: > 0 });

    /// <summary>Returns the name with prefix of the variable that <see cref="Get"/> returns.</summary>
    public string NameOf(string name) =>
        Prefixes.Select(prefix => prefix + name).FirstOrDefault(full => values.GetValueOrDefault(full) is { Length: > 0 })
            ?? OwnPrefix + name;

    /// <summary>
    /// Returns a variable that other programs read under the same name, without line breaks at its end; null if it is unset or empty.
    /// </summary>
    public string? GetStandard(string name) => values.GetValueOrDefault(name)?.TrimEnd('\r', '\n') is { Length: > 0 } value ? value : null;

    /// <summary>
    /// Returns the variables that are set and unknown, and whose names are similar to a known name. Without an error, a deployment with a
    /// misspelled <c>DATABASE_URL</c> would start with a new, empty database.
    /// </summary>
    public IEnumerable<(string Given, string Meant)> Misspelt() =>
        from given in values.Keys
        from prefix in Prefixes
        where given.StartsWith(prefix, StringComparison.Ordinal)
        let isFile = given.EndsWith(FileSuffix, StringComparison.Ordinal)
        let name = given[prefix.Length..(isFile ? Math.Max(prefix.Length, given.Length - FileSuffix.Length) : given.Length)]
        where !Names.Contains(name)
        let meant = SpellingSuggestion.Find(name, Names)
        where meant is not null
        select (given, prefix + meant + (isFile ? FileSuffix : ""));

    /// <summary>Reads a file of UTF-8 text, with or without a byte order mark.</summary>
    /// <returns>Null, with the reason in <paramref name="problem"/>, if the file cannot be read.</returns>
    private static string? TryReadFile(string path, out string problem)
    {
        problem = SecretFile.FindRisk(path) ?? "";
        if (problem.Length > 0)
            return null;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read);
            var buffer = new byte[LargestFile + 1];
            var count = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (count <= LargestFile)
                return StrictUtf8.GetString(buffer, 0, count).TrimStart('\uFEFF');
            problem = $"the file is larger than {LargestFile} bytes";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = $"the file cannot be read: {(e is ArgumentException ? "it is not UTF-8 text" : e.Message)}";
        }
        return null;
    }
}
