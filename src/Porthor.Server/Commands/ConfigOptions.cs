using System.CommandLine;
using Porthor.Server.Configuration;

namespace Porthor.Server.Commands;

/// <summary>Represents the options of the commands that need the configuration.</summary>
internal sealed class ConfigOptions
{
    private readonly Option<string?> configPath = new("--config-path", "-c")
    {
        Description = "Configuration file [env: PORTHOR_CONFIG_PATH or GAFAELFAWR_CONFIG_PATH]",
        HelpName = "FILE",
    };

    private readonly Option<string?> dataDirectory = new("--data-dir", "-d")
    {
        Description = "Data directory of embedded mode [env: PORTHOR_DATA_DIR] [default: porthor-data]",
        HelpName = "DIR",
    };

    private readonly Option<string?> alembicPath = new("--alembic-config-path")
    {
        Description = "Has no effect; accepted for scripts that were written for Gafaelfawr",
        HelpName = "FILE",
        Hidden = true,
    };

    private readonly Option<bool> verbose = new("--verbose", "-v") { Description = "Show log lines, and the details of a failure" };

    public static ConfigOptions AddTo(Command command)
    {
        var options = new ConfigOptions();
        command.Options.Add(options.configPath);
        command.Options.Add(options.dataDirectory);
        command.Options.Add(options.alembicPath);
        command.Options.Add(options.verbose);
        return options;
    }

    public PorthorSettings Load(ParseResult parsed, SettingsScope need) =>
        SettingsLoader.Load(parsed.GetValue(configPath), parsed.GetValue(dataDirectory), need, EnvironmentVariables.OfProcess());

    public bool IsVerbose(ParseResult parsed) => parsed.GetValue(verbose);
}
