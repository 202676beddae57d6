using System.CommandLine;
using Porthor.Server.Configuration;

namespace Porthor.Server.Commands;

/// <summary><c>porthor generate-schema</c>: the SQL that makes the database's tables.</summary>
internal static class GenerateSchemaCommand
{
    public static Command Create()
    {
        var command = new Command("generate-schema", "Print the SQL of the database schema");
        var output = OutputOption.AddTo(command);
        command.SetWorkOnStores(SettingsNeed.Stores, (core, parsed, _) =>
        {
            output.Write(parsed, core.Sql.Schema.Generate());
            return Task.FromResult(0);
        });
        return command;
    }
}
