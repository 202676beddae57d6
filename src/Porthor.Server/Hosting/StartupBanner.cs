using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Login.Local;
using Porthor.Server.Platform;
using Porthor.Server.Values;

namespace Porthor.Server.Hosting;

/// <summary>
/// Prints the addresses on which the server listens and, for an embedded deployment without a configuration, the data directory and example
/// commands.
/// </summary>
internal static class StartupBanner
{
    /// <summary>The time that the start waits for the output. A reader that does not read must not prevent the start or the stop.</summary>
    private static readonly TimeSpan PrintTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Prints the banner. If the output does not accept it in time, the method returns, and the output continues in the background.
    /// </summary>
    /// <param name="urls">The addresses on which the server listens.</param>
    /// <param name="baseUrl">The URL at which users reach the server.</param>
    /// <param name="password">The password of the local administrator if this start created it. It is printed only here.</param>
    public static void Print(PorthorDeployment core, IReadOnlyCollection<string> urls, Uri baseUrl, Secret? password)
    {
        var printer = new Thread(() => TryPrint(core, urls, baseUrl, password)) { IsBackground = true };
        printer.Start();
        printer.Join(PrintTimeout);
    }

    private static void TryPrint(PorthorDeployment core, IReadOnlyCollection<string> urls, Uri baseUrl, Secret? password)
    {
        try
        {
            PrintNow(core, urls, baseUrl, password);
        }
        catch (IOException)
        {
            // An output that cannot be written must not end the server.
        }
    }

    private static void PrintNow(PorthorDeployment core, IReadOnlyCollection<string> urls, Uri baseUrl, Secret? password)
    {
        // Standard output is reserved for the log, unless it is a terminal.
        var output = Console.IsOutputRedirected ? Console.Error : Console.Out;
        foreach (var url in urls)
            output.WriteLine($"Listening at {url}");
        if (core is { DataDirectory: { } folder, Settings.Mode: DeploymentMode.Embedded })
        {
            if (core.Settings.ConfigPath is null)
                PrintWelcome(output, folder, urls.First(), SignIn(folder, baseUrl, password));
            else if (password is not null)
                output.WriteLine($"\n{SignIn(folder, baseUrl, password)}\n");
        }
        output.Flush();
    }

    private static void PrintWelcome(TextWriter output, DataDirectory folder, string url, string signIn)
    {
        var token = $"$(cat {ProgramCommand.Quote(folder.BootstrapTokenPath)})";
        var create = $"TOKEN=$(curl -sS -H \"Authorization: Bearer {token}\" -H 'Content-Type: application/json' -d '{Example}' "
            + $"{url}{ApiRoutes.AddressOf(ApiRoutes.Tokens)} | grep -o 'gt-[^\"]*')";
        output.WriteLine(
            $"""

            Porthor is ready at {url}

              data             {folder.Path}{(folder.IsNew ? " (new)" : "")}
              bootstrap token  {folder.BootstrapTokenPath}
              API              {url}{Routes.Docs}

            {signIn}

            Create a token for {User}, list the tokens of {User}, and show the history:

              {create}
              curl -sS -H "Authorization: Bearer $TOKEN" {url}{ApiRoutes.AddressOf(ApiRoutes.TokensOfUser, User)}; echo
              curl -sS -H "Authorization: Bearer {token}" '{url}{ApiRoutes.AddressOf(ApiRoutes.AllHistory)}?limit=5'; echo

            The same on the command line:

              {ProgramCommand.Text} token list --data-dir {ProgramCommand.Quote(folder.Path)}

            Stop with Ctrl+C.

            """);
    }

    private static string SignIn(DataDirectory folder, Uri baseUrl, Secret? password) =>
        $"""
        Sign in with a browser:

          page             {new Uri(baseUrl, $"{Routes.Login}?rd={new Uri(baseUrl, PageAddresses.Tokens)}")}
          username         {User}
          password         {password?.Reveal() ?? "was shown at the first start. To create a new one, run:"}
        {PasswordHint(folder, password)}
        """;

    /// <summary>Returns the text under the password: the command that creates a new one, or a note that this one is shown once.</summary>
    private static string PasswordHint(DataDirectory folder, Secret? password)
    {
        var hint = password is null
            ? $"{ProgramCommand.Text} local-admin reset-password --data-dir {ProgramCommand.Quote(folder.Path)}"
            : "(shown only now; keep it)";
        return new string(' ', 19) + hint;
    }

    /// <summary>Gets the user who signs in on the page. The example token belongs to this user, so that the page lists it.</summary>
    private static string User => LocalAdministrator.Username;

    private static string Example =>
        $$"""{"username": "{{User}}", "token_type": "user", "token_name": "trial '$(date +%s)'", "scopes": ["user:token", "read:all"]}""";
}
