using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>A server that was started without a configuration, and its startup banner.</summary>
internal sealed record FirstStartServer(RunningProgram Program, string Url, string Banner)
{
    public static async Task<FirstStartServer> StartAsync(PorthorProgram program)
    {
        // The system selects a free port that no other test uses.
        var running = program.Start("run", "--port", "0");
        await running.WaitUntilAsync(
            () => Task.FromResult(running.Errors.Contains("Stop with Ctrl+C.", StringComparison.Ordinal)), "the startup banner");
        var banner = running.Errors;
        return new FirstStartServer(running, banner.Split("Porthor is ready at ")[1].Split('\n')[0], banner);
    }

    /// <summary>The commands of the banner.</summary>
    public string[] Lines =>
        [.. Banner.Split('\n').Select(line => line.Trim()).Where(line => line.Contains("curl", StringComparison.Ordinal))];

    /// <summary>Runs commands in a shell and returns their output.</summary>
    public static async Task<Outcome> RunInShellAsync(string script)
    {
        using var shell = Process.Start(
            new ProcessStartInfo("bash", ["-euc", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = shell.StandardError.ReadToEndAsync();
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return new Outcome(shell.ExitCode, output, await errors);
    }
}
