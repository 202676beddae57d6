using System.Text.RegularExpressions;
using Porthor.Tokens;
using Porthor.Usage;

namespace Porthor.Server.Configuration;

/// <summary>
/// Reads the settings of tokens: lifetimes, scopes, limits, the bootstrap token, and the recording of token usage.
/// </summary>
internal static partial class TokenSettings
{
    private static readonly TimeSpan ShortestTokenLifetime = TimeSpan.FromSeconds(600);

    private static readonly TimeSpan ShortestUseRetention = TimeSpan.FromHours(1);

    private static readonly string[] RequiredScopes = [Scopes.AdminToken, Scopes.AdminUserinfo, Scopes.UserToken];

    /// <summary>The scopes of a deployment without the setting <c>knownScopes</c>.</summary>
    private static readonly Dictionary<string, string> DefaultScopes = new()
    {
        [Scopes.AdminToken] = "Can create and modify tokens for any user",
        [Scopes.AdminUserinfo] = "Can see user information for any user",
        [Scopes.AdminOidc] = "Can manage OpenID Connect clients",
        [Scopes.UserToken] = "Can create and modify user tokens",
        ["read:all"] = "Can read everything",
        ["exec:notebook"] = "Can use the notebook service",
        ["exec:portal"] = "Can use the portal",
    };

    /// <summary>Reads the options of tokens.</summary>
    /// <param name="mustBeComplete">True if the settings must contain the scopes; false to use default scopes.</param>
    public static TokenOptions Read(SettingsSection file, bool mustBeComplete)
    {
        var lifetime = file.Span("tokenLifetime");
        if (lifetime < ShortestTokenLifetime)
            file.AddError("tokenLifetime", file.Text("tokenLifetime"), $"must be longer than {ShortestTokenLifetime.TotalSeconds} seconds");

        var scopes = file.TextMap("knownScopes");
        foreach (var scope in scopes?.Keys.Where(scope => !ScopeName.IsMatch(scope)) ?? [])
            file.AddError("knownScopes", value: null, $"invalid scope {scope}");
        var present = scopes ?? (mustBeComplete ? new Dictionary<string, string>() : DefaultScopes);
        foreach (var scope in RequiredScopes.Where(scope => !present.ContainsKey(scope)))
            file.AddError("knownScopes", value: null, $"required scope {scope} missing");

        return new TokenOptions
        {
            Lifetime = lifetime ?? new TokenOptions().Lifetime,
            KnownScopes = present,
            Policy = ReadPolicy(file),
            Limits = TokenLimitSettings.Read(file),
        };
    }

    private static TokenPolicy ReadPolicy(SettingsSection file)
    {
        if (file.Section("tokenPolicy") is not { } section)
            return new TokenPolicy();
        var policy = new TokenPolicy
        {
            MaxUserLifetime = PolicySpan(section, "maxUserLifetime"),
            MaxServiceLifetime = PolicySpan(section, "maxServiceLifetime"),
            DefaultUserLifetime = PolicySpan(section, "defaultUserLifetime"),
        };
        if (policy.DefaultUserLifetime > policy.MaxUserLifetime)
            section.AddError("defaultUserLifetime", section.Text("defaultUserLifetime"), "must not be longer than maxUserLifetime");
        section.Finish();
        return policy;
    }

    private static TimeSpan? PolicySpan(SettingsSection section, string key)
    {
        var span = section.Span(key);
        if (span <= TokenOptions.MinimumLifetime)
            section.AddError(key, section.Text(key), $"must be longer than {TokenOptions.MinimumLifetime.TotalSeconds} seconds");
        return span;
    }

    /// <summary>Reads whether token usage is recorded, and how long it is kept.</summary>
    public static UsageOptions ReadUsage(SettingsSection file)
    {
        if (file.Section("tokenUse") is not { } section)
            return new UsageOptions();
        var retention = section.Span("retention");
        if (retention < ShortestUseRetention)
            section.AddError("retention", section.Text("retention"), $"must be {ShortestUseRetention.TotalHours} hours or longer");
        var uses = new UsageOptions(section.Flag("enabled", otherwise: true), retention);
        section.Finish();
        return uses;
    }

    /// <summary>Reads the bootstrap token; null if it is not set or invalid.</summary>
    public static Token? ReadBootstrapToken(SettingsSection file)
    {
        if (file.Secret("bootstrapToken", "BOOTSTRAP_TOKEN") is not { } secret)
            return null;
        try
        {
            return Token.Parse(secret.Reveal());
        }
        catch (PorthorException e)
        {
            file.AddError("bootstrapToken", value: null, e.Message);
            return null;
        }
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9:._-]+\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ScopeName { get; }
}
