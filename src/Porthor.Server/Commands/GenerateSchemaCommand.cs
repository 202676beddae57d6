using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Sql;

namespace Porthor.Server.Commands;

/// <summary><c>porthor generate-schema</c>: prints the SQL that creates the tables. Opens no store.</summary>
internal static class GenerateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command("generate-schema", "Print the SQL of the database schema");
        var output = OutputOption.AddTo(command);
        var options = ConfigOptions.AddTo(command);
        command.SetWork(options, (parsed, _) =>
        {
            var settings = options.Load(parsed, SettingsScope.Stores);
            output.Write(parsed, SqlStores.GenerateSchema(forPostgres: settings.Mode != DeploymentMode.Embedded));
            return Task.FromResult(0);
        });
        return command;
    }
}
