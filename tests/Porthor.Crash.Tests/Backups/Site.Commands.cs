using System.Text.RegularExpressions;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Backups;

internal sealed partial class Site
{
    /// <summary>Runs a block of commands and returns its result.</summary>
    public async Task<Outcome> TryBlockAsync(string page, string heading, int block = 0)
    {
        var user = Environment.UserName;
        Dictionary<string, string> replacements = new()
        {
            ["-o porthor -g porthor"] = $"-o {user}",
            ["-o redis -g redis"] = $"-o {user}",
            ["runuser -u redis -- "] = "",
            ["/var/lib/porthor"] = Data,
            ["/backup"] = BackupFolder,
            ["/etc/redis/redis.conf"] = Redis?.SettingsFile ?? "",
            ["/var/lib/redis"] = Redis?.Folder ?? "",
        };
        // One pass replaces all texts, so that no replacement is replaced again.
        var script = Regex.Replace(
            OperatorPage.Commands(page, heading)[block], string.Join('|', replacements.Keys.Select(Regex.Escape)), match =>
                replacements[match.Value], RegexOptions.None, TimeSpan.FromSeconds(1));
        return await program.RunShellAsync(script);
    }

    /// <summary>
    /// Runs a block of commands as <see cref="TryBlockAsync"/> does, and fails the test if the block fails. Returns the output.
    /// </summary>
    public async Task<string> RunBlockAsync(string page, string heading, int block = 0)
    {
        var outcome = await TryBlockAsync(page, heading, block);
        outcome.ExitCode.ShouldBe(0, outcome.Output + outcome.Errors);
        return outcome.Output;
    }

    public Task<Outcome> RunAsync(params string[] arguments) => program.RunAsync(arguments);

    /// <summary>Writes a file into the operator's working directory.</summary>
    public Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(program.Folder, name), text);

    /// <summary>Returns the lines of a file in the operator's working directory.</summary>
    public Task<string[]> ReadLinesAsync(string name) => File.ReadAllLinesAsync(Path.Combine(program.Folder, name));
}
