using System.CommandLine;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary><c>porthor openapi-schema</c>: prints the OpenAPI description of the API. Needs no configuration and no stores.</summary>
internal static class OpenApiSchemaCommand
{
    public static Command Create()
    {
        var backLink = new Option<bool>("--add-back-link")
        {
            Description = "Add a link back to the documentation, for a page that shows the API",
        };
        var command = new Command("openapi-schema", "Print the OpenAPI description of the API as JSON") { backLink };
        var output = OutputOption.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandExtensions.GuardAsync(
            async () =>
            {
                output.Write(parsed, await ServerHost.DescribeAsync(parsed.GetValue(backLink), cancellationToken));
                return 0;
            },
            verbose: false));
        return command;
    }
}
