using System.CommandLine;
using Porthor.Server.Configuration;

namespace Porthor.Server.Commands;

/// <summary><c>porthor config check</c>: is the configuration one that a server would start with?</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var check = new Command("check", "Read the configuration and report everything that is wrong with it");
        var options = ConfigOptions.AddTo(check);
        check.SetWork(options, (parsed, _) =>
        {
            var settings = options.Load(parsed, SettingsNeed.Serving);
            Describe(settings);
            return Task.FromResult(0);
        });
        return new Command("config", "Look at the configuration") { check };
    }

    private static void Describe(PorthorSettings settings)
    {
        Console.Out.WriteLine($"The configuration is valid: {settings.ConfigPath ?? "no file, environment variables and defaults"}");
        Console.Out.WriteLine($"  mode            {settings.Mode.ToString().ToLowerInvariant()}");
        if (settings.Mode == DeploymentMode.Embedded)
            Console.Out.WriteLine($"  data directory  {settings.DataDirectory}");
        Console.Out.WriteLine($"  base URL        {settings.BaseUrl?.ToString() ?? "the address listened on"}");
        Console.Out.WriteLine($"  known scopes    {string.Join(' ', settings.Tokens.KnownScopes.Keys.Order(StringComparer.Ordinal))}");
        Console.Out.WriteLine($"  token lifetime  {settings.Tokens.Lifetime}");
        Console.Out.WriteLine($"  proxies         {(settings.Proxies.Count == 0 ? "none is trusted" : string.Join(' ', settings.Proxies))}");
    }
}
