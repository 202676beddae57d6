using Porthor.Server.Configuration;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Loads a configuration from a text and variables.</summary>
internal static class ConfigurationFile
{
    public const string SessionSecret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    public const string BootstrapToken = "gt-bw_8mMVP4tq1pLvRnCjEog.1UqXj1EZ8cwbGnVDBvBXPw";

    /// <summary>The minimal configuration of a cluster.</summary>
    public const string Cluster = $$"""
        baseUrl: "https://example.com"
        databaseUrl: "postgresql://porthor@db.example.com/porthor"
        redisPersistentUrl: "redis://redis.example.com/0"
        redisEphemeralUrl: "redis://redis.example.com/1"
        sessionSecret: "{{SessionSecret}}"
        knownScopes:
          "admin:token": "Can create and modify tokens for any user"
          "admin:userinfo": "Can see user information for any user"
          "user:token": "Can create and modify user tokens"
        github:
          clientId: "some-client"
          clientSecret: "github-secret"

        """;

    public static PorthorSettings Load(string yaml, params (string Name, string Value)[] variables) =>
        Load(yaml, SettingsScope.Serving, variables);

    public static PorthorSettings Load(string yaml, SettingsScope scope, params (string Name, string Value)[] variables)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, yaml);
            return SettingsLoader.Load(path, dataDirectory: null, scope, Variables(variables));
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static EnvironmentVariables Variables(params (string Name, string Value)[] variables) =>
        new(variables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal));

    /// <summary>Returns the error messages of a configuration.</summary>
    public static string[] Errors(string yaml, params (string Name, string Value)[] variables) =>
        Errors(yaml, SettingsScope.Serving, variables);

    public static string[] Errors(string yaml, SettingsScope scope, params (string Name, string Value)[] variables)
    {
        var exception = Should.Throw<SettingsException>(() => Load(yaml, scope, variables));
        exception.Message.Split("\n  ")[1..].ShouldBe(exception.Errors.Select(error => error.ToString()));
        exception.Message.Split('\n')[0].ShouldMatch("^The configuration /.* cannot be used:$");
        return exception.Message.Split("\n  ")[1..];
    }
}
