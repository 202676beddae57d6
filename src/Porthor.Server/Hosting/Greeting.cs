using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Login.Local;
using Porthor.Server.Web;

namespace Porthor.Server.Hosting;

/// <summary>What a newcomer is told when nothing is configured: where the service is, and what to try.</summary>
internal static class Greeting
{
    /// <param name="url">Where it listens.</param>
    /// <param name="baseUrl">Where users reach it.</param>
    /// <param name="password">That of the local administrator, if this start made it: it is shown here and nowhere else.</param>
    public static void Say(PorthorCore core, string url, Uri baseUrl, Secret? password)
    {
        if (core is not { DataDirectory: { } folder, Settings.Mode: DeploymentMode.Embedded })
            return;
        // Standard output belongs to the log where that is not a terminal.
        var output = Console.IsOutputRedirected ? Console.Error : Console.Out;
        if (core.Settings.ConfigPath is null)
            Welcome(output, folder, url, SignIn(folder, baseUrl, password));
        else if (password is not null)
            output.WriteLine($"\n{SignIn(folder, baseUrl, password)}\n");
        output.Flush();
    }

    private static void Welcome(TextWriter output, DataDirectory folder, string url, string signIn)
    {
        var token = $"$(cat {Quote(folder.BootstrapTokenPath)})";
        output.WriteLine(
            $"""

            Porthor is ready at {url}

              data             {folder.Path}{(folder.IsNew ? " (new)" : "")}
              bootstrap token  {folder.BootstrapTokenPath}
              API              {url}/auth/docs

            {signIn}

            Make a token for yourself, list your tokens, and see what happened:

              TOKEN=$(curl -sS -H "Authorization: Bearer {token}" -H 'Content-Type: application/json' -d '{Example}' {url}/auth/api/v1/tokens | grep -o 'gt-[^"]*')
              curl -sS -H "Authorization: Bearer $TOKEN" {url}/auth/api/v1/users/{User}/tokens; echo
              curl -sS -H "Authorization: Bearer {token}" '{url}/auth/api/v1/history/token-changes?limit=5'; echo

            Stop with Ctrl+C.

            """);
    }

    private static string SignIn(DataDirectory folder, Uri baseUrl, Secret? password) =>
        $"""
        Sign in with a browser:

          page             {new Uri(baseUrl, $"/login?rd={new Uri(baseUrl, PageAddresses.Tokens)}")}
          username         {LocalAdministrator.Username}
          password         {password?.Reveal() ?? "was shown at the first start; a new one:"}
        {(password is null ? $"                   porthor local-admin reset-password --data-dir {Quote(folder.Path)}" : "                   (shown this once; keep it)")}
        """;

    private static string User => UserNameOr("newcomer");

    private static string Example =>
        $$"""{"username": "{{User}}", "token_type": "user", "token_name": "trial '$(date +%s)'", "scopes": ["user:token", "read:all"]}""";

    /// <summary>The name of the person at the terminal, if it can be a username here.</summary>
    private static string UserNameOr(string otherwise) => Porthor.Users.UserRules.IsUsername(Environment.UserName) ? Environment.UserName : otherwise;

    private static string Quote(string path) => path.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? path : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
