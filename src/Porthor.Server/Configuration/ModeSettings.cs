namespace Porthor.Server.Configuration;

/// <summary>
/// Checks the setting <c>mode</c>. The configured stores select the mode. If this setting names a different mode, a variable is probably
/// missing, so the configuration is an error.
/// </summary>
internal static class ModeSettings
{
    private const string Key = "mode";
    private const string Variable = "MODE";

    private static readonly (string Key, string Variable)[] Stores =
        [
            ("databaseUrl", "PORTHOR_DATABASE_URL"), ("redisPersistentUrl", "PORTHOR_REDIS_PERSISTENT_URL"),
            ("redisEphemeralUrl", "PORTHOR_REDIS_EPHEMERAL_URL"),
        ];

    /// <summary>Compares the setting with the configured stores, and adds an error if they differ.</summary>
    /// <param name="selected">The mode that the stores select.</param>
    /// <param name="given">Which of the stores are configured.</param>
    public static void Check(SettingsSection file, DeploymentMode selected, (bool Database, bool Persistent, bool Ephemeral) given)
    {
        if (file.Text(Key, Variable) is not { Length: > 0 } text)
            return;
        if (!IsName(text, out var required))
        {
            file.AddError(Key, text, "must be embedded, database or cluster");
            return;
        }
        if (required != selected)
            file.AddError(Key, text, Compare(required, [given.Database, given.Persistent, given.Ephemeral]));
    }

    /// <summary>
    /// Returns a sentence with the settings that must be set or removed for a mode. Returns an empty text for an unknown mode.
    /// </summary>
    /// <param name="selected">The mode that the configuration selects.</param>
    /// <param name="required">The name of the mode in which the deployment was created.</param>
    public static string Explain(DeploymentMode selected, string required)
    {
        if (!IsName(required, out var mode))
            return "";
        var isCluster = selected == DeploymentMode.Cluster;
        return $"For {required} mode, {Compare(mode, [selected != DeploymentMode.Embedded, isCluster, isCluster])}.";
    }

    private static string Compare(DeploymentMode required, bool[] given)
    {
        bool[] needed = [required != DeploymentMode.Embedded, required == DeploymentMode.Cluster, required == DeploymentMode.Cluster];
        List<string> problems =
        [
            .. Stores.Where((_, index) => needed[index] && !given[index]).Select(store => $"set {store.Key} ({store.Variable})"),
            .. Stores.Where((_, index) => !needed[index] && given[index]).Select(store => $"remove {store.Key} ({store.Variable})"),
        ];
        return string.Join(" and ", problems);
    }

    private static bool IsName(string text, out DeploymentMode mode) =>
        Enum.TryParse(text, ignoreCase: true, out mode) && Enum.IsDefined(mode) && !char.IsAsciiDigit(text[0]);
}
