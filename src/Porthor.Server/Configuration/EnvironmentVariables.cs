namespace Porthor.Server.Configuration;

/// <summary>
/// The environment variables that settings may come from: the reference's <c>GAFAELFAWR_*</c> unchanged, and the same names
/// as <c>PORTHOR_*</c>, which win. Of others only the standard ones of OpenTelemetry and Sentry are read (deviations 11).
/// </summary>
internal sealed class EnvironmentVariables(IReadOnlyDictionary<string, string> values)
{
    private const string OwnPrefix = "PORTHOR_";
    private const string ReferencePrefix = "GAFAELFAWR_";

    /// <summary>Every name that is read, without its prefix.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "AFTER_LOGOUT_URL", "BASE_INTERNAL_URL", "BASE_URL", "BOOTSTRAP_TOKEN", "CILOGON_CLIENT_SECRET", "CONFIG_PATH", "DATABASE_PASSWORD",
        "DATABASE_URL", "DATA_DIR", "GITHUB_CLIENT_SECRET", "LDAP_PASSWORD", "MODE", "OIDC_CLIENT_SECRET", "OIDC_SERVER_CLIENTS",
        "OIDC_SERVER_CLIENT_SUFFIX", "OIDC_SERVER_ISSUER", "OIDC_SERVER_KEY", "REDIRECT_URL", "REDIS_EPHEMERAL_URL", "REDIS_PASSWORD",
        "REDIS_PERSISTENT_URL", "SESSION_SECRET", "SLACK_WEBHOOK",
    ];

    public static EnvironmentVariables OfProcess() => new(
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(
            entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal));

    /// <summary>A variable by its name without prefix; null if it is unset or empty.</summary>
    public string? Get(string name) =>
        values.GetValueOrDefault(OwnPrefix + name) is { Length: > 0 } own ? own
        : values.GetValueOrDefault(ReferencePrefix + name) is { Length: > 0 } reference ? reference
        : null;

    /// <summary>A variable that other programs read under the same name; null if it is unset or empty.</summary>
    public string? GetStandard(string name) => values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <summary>
    /// Variables that are set, are not read, and look like a mistyped one that is. A deployment whose database is given
    /// under a misspelt name would otherwise begin a new, empty one.
    /// </summary>
    public IEnumerable<(string Given, string Meant)> Misspelt() =>
        from given in values.Keys
        from prefix in (string[])[OwnPrefix, ReferencePrefix]
        where given.StartsWith(prefix, StringComparison.Ordinal) && !Names.Contains(given[prefix.Length..])
        let meant = Likeness.Find(given[prefix.Length..], Names)
        where meant is not null
        select (given, prefix + meant);
}
