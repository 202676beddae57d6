using System.Diagnostics;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Races;

/// <summary>A node in another process that creates child tokens on request.</summary>
internal sealed class RaceNode : IAsyncDisposable
{
    private readonly Process process;

    private RaceNode(Process process) => this.process = process;

    public static async Task<RaceNode> StartAsync(Deployment deployment)
    {
        var settings = deployment.Settings;
        List<string> arguments = [Path.Combine(AppContext.BaseDirectory, "Porthor.Racer.dll"), settings.DatabaseConnection!.Reveal(),
            settings.SessionKeys[0].Reveal()];
        if (settings.PersistentRedis is { } redis)
            arguments.AddRange([$"{redis.Port}", $"{redis.Database}"]);
        var process = Process.Start(
            new ProcessStartInfo("dotnet", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        (await process.StandardOutput.ReadLineAsync()).ShouldBe("ready");
        return new RaceNode(process);
    }

    /// <summary>Creates a child token. Returns null if the parent is no longer valid.</summary>
    public async Task<Token?> CreateChildAsync(Token parent, string service, string scopes)
    {
        await process.StandardInput.WriteLineAsync($"{parent.Reveal()} {service} {scopes}");
        var answer = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The other process exited.");
        return answer == nameof(ErrorKind.InvalidToken) ? null : Token.Parse(answer);
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
