using System.CommandLine;
using Porthor.Server.Configuration;

namespace Porthor.Server.Commands;

/// <summary><c>porthor config check</c>: checks whether a server can start with the configuration.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var check = new Command("check", "Read the configuration as the server does, and list all errors");
        var options = ConfigOptions.AddTo(check);
        check.SetWork(options, (parsed, _) =>
        {
            var settings = options.Load(parsed, SettingsScope.Serving);
            Describe(settings);
            return Task.FromResult(0);
        });
        return new Command("config", "Check the configuration") { check };
    }

    private static void Describe(PorthorSettings settings)
    {
        Console.Out.WriteLine($"The configuration is valid: {settings.ConfigPath ?? "no file, environment variables and defaults"}");
        Print("mode", settings.Mode.ToString().ToLowerInvariant());
        if (settings.Mode == DeploymentMode.Embedded)
            Print("data directory", settings.DataDirectory);
        Print("base URL", settings.BaseUrl?.ToString() ?? "the address that the server listens on");
        Print("login", DescribeLogin(settings.Providers));
        if (settings.Providers.Ldap is { } ldap)
            Print("directory", ldap.Url);
        else if (settings.Providers.Oidc is { } oidc)
            Print("directory", $"none: users come from ID tokens, groups from the claim {oidc.GroupsClaim}");
        Print("known scopes", string.Join(' ', settings.Tokens.KnownScopes.Keys.Order(StringComparer.Ordinal)));
        Print("token lifetime", Duration.Format(settings.Tokens.Lifetime));
        Print("proxies", settings.Proxies.Count == 0 ? "not set, only loopback is trusted" : string.Join(' ', settings.Proxies));
        foreach (var warning in SettingsWarnings.Of(settings))
            Console.Out.WriteLine($"Note: {warning}");
    }

    private static void Print(string name, string value) => Console.Out.WriteLine($"  {name,-14}  {value}");

    private static string DescribeLogin(ProviderSettings providers) => providers switch
    {
        { Oidc: { } oidc } => $"OpenID Connect, {oidc.Issuer}, redirect URL {oidc.RedirectUrl}",
        { GitHub: not null } => "GitHub",
        { LocalUsers: { } users } => $"local users, {users.Count}",
        _ => "the local administrator",
    };
}
