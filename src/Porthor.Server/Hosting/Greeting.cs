using Porthor.Server.Configuration;

namespace Porthor.Server.Hosting;

/// <summary>What a newcomer is told when nothing is configured: where the service is, and what to try.</summary>
internal static class Greeting
{
    public static void Say(PorthorCore core, string url)
    {
        if (core is not { DataDirectory: { } folder, Settings: { Mode: DeploymentMode.Embedded, ConfigPath: null } })
            return;
        // Standard output belongs to the log where that is not a terminal.
        var output = Console.IsOutputRedirected ? Console.Error : Console.Out;
        var token = $"$(cat {Quote(folder.BootstrapTokenPath)})";
        output.WriteLine(
            $"""

            Porthor is ready at {url}

              data             {folder.Path}{(folder.IsNew ? " (new)" : "")}
              bootstrap token  {folder.BootstrapTokenPath}
              API              {url}/auth/docs

            Make a token for yourself, list your tokens, and see what happened:

              TOKEN=$(curl -sS -H "Authorization: Bearer {token}" -H 'Content-Type: application/json' -d '{Example}' {url}/auth/api/v1/tokens | grep -o 'gt-[^"]*')
              curl -sS -H "Authorization: Bearer $TOKEN" {url}/auth/api/v1/users/{User}/tokens; echo
              curl -sS -H "Authorization: Bearer {token}" '{url}/auth/api/v1/history/token-changes?limit=5'; echo

            Stop with Ctrl+C.

            """);
        output.Flush();
    }

    private static string User => UserNameOr("newcomer");

    private static string Example =>
        $$"""{"username": "{{User}}", "token_type": "user", "token_name": "trial '$(date +%s)'", "scopes": ["user:token", "read:all"]}""";

    /// <summary>The name of the person at the terminal, if it can be a username here.</summary>
    private static string UserNameOr(string otherwise) => Porthor.Users.UserRules.IsUsername(Environment.UserName) ? Environment.UserName : otherwise;

    private static string Quote(string path) => path.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? path : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
