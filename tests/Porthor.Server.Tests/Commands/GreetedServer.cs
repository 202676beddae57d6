using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>A server started with nothing configured, and what it said when it was ready.</summary>
internal sealed record GreetedServer(RunningProgram Program, string Url, string Greeting)
{
    public static async Task<GreetedServer> StartAsync(PorthorProgram program)
    {
        // The system picks the port: no other test can have it.
        var running = program.Start("run", "--port", "0");
        await running.UntilAsync(() => Task.FromResult(running.Errors.Contains("Stop with Ctrl+C.", StringComparison.Ordinal)), "the greeting");
        var greeting = running.Errors;
        return new GreetedServer(running, greeting.Split("Porthor is ready at ")[1].Split('\n')[0], greeting);
    }

    /// <summary>The lines that a newcomer is told to paste.</summary>
    public string[] Lines => [.. Greeting.Split('\n').Select(line => line.Trim()).Where(line => line.Contains("curl", StringComparison.Ordinal))];

    /// <summary>Pastes lines into a shell and gives what it printed.</summary>
    public static async Task<Outcome> PasteAsync(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-euc", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = shell.StandardError.ReadToEndAsync();
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return new Outcome(shell.ExitCode, output, await errors);
    }
}
