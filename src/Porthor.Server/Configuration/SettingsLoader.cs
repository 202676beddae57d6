using System.Globalization;
using Porthor.Secrets;
using Porthor.Users;

namespace Porthor.Server.Configuration;

/// <summary>
/// Reads the configuration: the file and the variables of the reference unchanged, and Porthor's own settings
/// (contract/configuration.md).
/// </summary>
internal static class SettingsLoader
{
    /// <summary>The path that selects no file, even if a default path exists.</summary>
    public const string NoFile = "/dev/null";

    /// <summary>The paths of the configuration file if none is given. The first file that exists is read.</summary>
    private static readonly string[] DefaultPaths = ["/etc/porthor/porthor.yaml", "/etc/gafaelfawr/gafaelfawr.yaml"];

    /// <summary>The default for modes with several nodes, where other nodes serve during the delay. Embedded mode needs no delay.</summary>
    private const double ShutdownDelaySeconds = 1;

    public static readonly TimeSpan LongestShutdownDelay = TimeSpan.FromSeconds(60);

    /// <param name="configPath">
    /// The path; null for that of the variable, or the first default path that exists; <see cref="NoFile"/> for no file.
    /// </param>
    /// <param name="dataDirectory">
    /// The data directory; null for that of the variable, or <c>porthor-data</c> in the current directory.
    /// </param>
    /// <exception cref="SettingsException">A setting is missing or invalid.</exception>
    public static PorthorSettings Load(string? configPath, string? dataDirectory, SettingsScope need, EnvironmentVariables environment)
    {
        var errors = new SettingsErrors(need);
        environment = environment.WithFiles(errors);
        var errorsBefore = errors.All.Count;
        var path = ReadPath(configPath, "--config-path", "CONFIG_PATH", environment, errors);
        dataDirectory = ReadPath(dataDirectory, "--data-dir", "DATA_DIR", environment, errors);
        if (errors.All.Count > errorsBefore)
            errors.ThrowIfAny("The configuration");
        path ??= DefaultPaths.FirstOrDefault(File.Exists);
        if (path == NoFile)
            path = null;
        var source = path is null ? "The configuration (environment variables)" : $"The configuration {path}";
        var yaml = path is null ? "" : ReadFile(path, source);
        foreach (var (given, meant) in environment.Misspelt())
            errors.Add(given, value: null, $"is not a known variable. Did you mean {meant}?");

        var settings = Read(SettingsSection.Parse(yaml, environment, errors), environment, errors, need) with
        {
            ConfigPath = path,
            DataDirectory = Path.GetFullPath(dataDirectory ?? "porthor-data"),
        };
        errors.ThrowIfAny(source);
        return settings;
    }

    /// <summary>Returns the path of an option or of a variable; null if neither is set, or if it is invalid, which is an error.</summary>
    private static string? ReadPath(
        string? option, string optionName, string variable, EnvironmentVariables environment, SettingsErrors errors) =>
        option is not null ? ControlCharacters.RefuseInOption(option, optionName, errors)
        : environment.Get(variable) is { } value ? ControlCharacters.Refuse(value, environment.NameOf(variable), errors)
        : null;

    private static string ReadFile(string path, string source)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(source, [new SettingsError("", Value: null, $"it cannot be read: {e.Message}")]);
        }
    }

    private static PorthorSettings Read(SettingsSection file, EnvironmentVariables environment, SettingsErrors errors, SettingsScope need)
    {
        var redisPassword = file.Secret("redisPassword", "REDIS_PASSWORD");
        var database = PostgresUrl.Read(file);
        var persistent = RedisSettings.Read(file, "redisPersistentUrl", "REDIS_PERSISTENT_URL", redisPassword);
        var ephemeral = RedisSettings.Read(file, "redisEphemeralUrl", "REDIS_EPHEMERAL_URL", redisPassword);
        // A store with an invalid URL also selects the mode, so that the settings that the mode requires are checked in the same run.
        var wantsDatabase = file.IsGiven("databaseUrl", "DATABASE_URL");
        var wantsPersistent = file.IsGiven("redisPersistentUrl", "REDIS_PERSISTENT_URL");
        var wantsEphemeral = file.IsGiven("redisEphemeralUrl", "REDIS_EPHEMERAL_URL");
        var mode = (wantsDatabase, wantsPersistent) switch
        {
            (false, false) => DeploymentMode.Embedded,
            (true, false) => DeploymentMode.Database,
            _ => DeploymentMode.Cluster,
        };
        if (!wantsDatabase && (wantsPersistent || wantsEphemeral))
            errors.Add("Redis is configured, but databaseUrl is not set");
        else if (wantsPersistent != wantsEphemeral)
            errors.Add("redisPersistentUrl and redisEphemeralUrl must both be set, or neither");
        ModeSettings.Check(file, mode, (wantsDatabase, wantsPersistent, wantsEphemeral));

        var serving = need == SettingsScope.Serving;
        var mustBeComplete = serving && mode != DeploymentMode.Embedded;
        var settings = new PorthorSettings
        {
            Mode = mode,
            DataDirectory = "",
            DatabaseConnection = database,
            DatabaseConnections = ReadDatabaseConnections(file),
            AnswerTimeout = ReadLimit(file, "answerTimeout", otherwise: 1, shortest: 0.1, longest: 30),
            ApiTimeout = ReadLimit(file, "apiTimeout", otherwise: 10, shortest: 1, longest: 300),
            StartTimeout = ReadLimit(file, "startTimeout", otherwise: 60, shortest: 0, longest: 3600),
            ShutdownDelay = ReadLimit(
                file, "shutdownDelay", otherwise: mode == DeploymentMode.Embedded ? 0 : ShutdownDelaySeconds, shortest: 0,
                    longest: LongestShutdownDelay.TotalSeconds),
            PersistentRedis = persistent,
            EphemeralRedis = ephemeral,
            BaseUrl = Required(file, mustBeComplete, "baseUrl", "BASE_URL"),
            AfterLogoutUrl = file.HttpUrl("afterLogoutUrl", "AFTER_LOGOUT_URL"),
            BaseInternalUrl = file.HttpUrl("baseInternalUrl", "BASE_INTERNAL_URL"),
            AllowSubdomains = file.Flag("allowSubdomains"),
            ErrorFooter = file.Text("errorFooter"),
            RevokeOnLogout = file.Flag("revokeOnLogout", otherwise: true),
            BootstrapToken = TokenSettings.ReadBootstrapToken(file),
            SessionKeys = ReadSessionKeys(file, mustBeComplete),
            LogLevel = LogSettings.ReadLevel(file),
            Proxies = file.Networks("proxies"),
            AllowedOrigins = file.Origins("allowedOrigins"),
            StrictRules = file.Flag("strictRules"),
            Tokens = TokenSettings.Read(file, mustBeComplete),
            Usage = TokenSettings.ReadUsage(file),
            Quota = QuotaSettings.Read(file),
            ExactQuotas = file.Flag("exactQuotas"),
            DecisionLog = LogSettings.ReadDecisions(file),
            AnonymousLogLines = LogSettings.ReadAnonymousLines(file),
            Telemetry = TelemetrySettings.Read(file, environment),
            Sentry = SentrySettings.Read(environment, errors),
            Slack = new SlackSettings(file.Flag("slackAlerts"), file.Secret("slackWebhook", "SLACK_WEBHOOK")),
            Providers = ProviderSettings.Read(file, errors, required: mustBeComplete),
            OidcServer = file.Section("oidcServer", "enabled") is { } oidcServer ? OidcServerSettings.Read(oidcServer) : null,
            AdminUsers = AdministratorSettings.Read(file),
            InitialAdmins = file.Texts("initialAdmins") ?? [],
            GroupMapping = file.TextListMap("groupMapping", ReadTeam) ?? new Dictionary<string, IReadOnlyList<string>>(),
        };
        if (mode == DeploymentMode.Embedded && settings.Providers is { GitHub: null, Oidc: null } && !file.IsGiven("groupMapping"))
            settings = settings with { GroupMapping = DefaultGroups.Mapping(settings.Tokens.KnownScopes.Keys) };
        foreach (var scope in settings.GroupMapping.Keys.Where(scope => !settings.Tokens.KnownScopes.ContainsKey(scope)))
            errors.Add($"groupMapping.{scope}", value: null, $"Scope {scope} assigned but not in knownScopes");
        ReadIgnored(file);
        file.Finish();
        return settings;
    }

    /// <summary>Reads a time limit. The default and the bounds are in seconds.</summary>
    private static TimeSpan ReadLimit(SettingsSection file, string key, double otherwise, double shortest, double longest)
    {
        var limit = file.Span(key) ?? TimeSpan.FromSeconds(otherwise);
        if (limit < TimeSpan.FromSeconds(shortest) || limit > TimeSpan.FromSeconds(longest))
            file.AddError(
                key, file.Text(key),
                $"must be from {shortest.ToString(CultureInfo.InvariantCulture)} to {longest.ToString(CultureInfo.InvariantCulture)} "
                + "seconds");
        return limit;
    }

    private static int ReadDatabaseConnections(SettingsSection file)
    {
        const string key = "databaseConnections";
        const int fewest = 2, most = 1000;
        var count = file.Integer(key) ?? new PorthorSettings { Mode = DeploymentMode.Embedded, DataDirectory = "" }.DatabaseConnections;
        if (count is < fewest or > most)
            file.AddError(key, file.Text(key), $"must be a number from {fewest} to {most}");
        return (int)Math.Clamp(count, fewest, most);
    }

    /// <summary>Reads one key, or several separated by commas: the first encrypts and all decrypt (deviations 31).</summary>
    private static List<FernetKey> ReadSessionKeys(SettingsSection file, bool required)
    {
        const string key = "sessionSecret", variable = "SESSION_SECRET";
        var text = required ? file.RequiredText(key, variable) : file.Text(key, variable) ?? "";
        FernetKey?[] keys =
            [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(FernetKey.TryParse)];
        if (text.Length > 0 && (keys.Length == 0 || keys.Contains(null)))
            file.AddError(
                key, value: null, "must be a Fernet key, 32 bytes in URL-safe base64, as 'porthor generate-session-secret' prints");
        return [.. keys.OfType<FernetKey>()];
    }

    private static Uri? Required(SettingsSection file, bool required, string key, string variable)
    {
        if (required)
            _ = file.RequiredText(key, variable);
        return file.HttpUrl(key, variable);
    }

    /// <summary>Reads a GitHub team, which can replace the name of a group.</summary>
    private static string? ReadTeam(SettingsSection entry)
    {
        if (entry.Section("github") is not { } team)
            return null;
        var name = GitHubTeam.GroupName(team.RequiredText("organization"), team.RequiredText("team"));
        team.Finish();
        entry.Finish();
        return name;
    }

    /// <summary>Reads the settings of the reference that have no effect in Porthor, so that they are not reported as unknown.</summary>
    private static void ReadIgnored(SettingsSection file)
    {
        _ = file.Flag("internalDatabase");
        _ = file.Flag("updateSchema");
        _ = file.Section("metrics");
        _ = file.Section("sentry");
    }
}
