using System.Diagnostics;

namespace Porthor.Browser.Tests.OpenIdConnect;

/// <summary>Runs a script of the folder <c>clients</c>, which talks with the test in lines.</summary>
internal sealed class NodeClient : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process process;

    private readonly string certificatePath = Path.GetTempFileName();

    /// <param name="certificate">The certificate of the provider.</param>
    public NodeClient(string script, string certificate, params string[] arguments)
    {
        File.WriteAllText(certificatePath, certificate);
        process = Process.Start(new ProcessStartInfo(PlaywrightNode.Path!, [PlaywrightNode.In("clients", script), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["NODE_EXTRA_CA_CERTS"] = certificatePath },
        })!;
    }

    /// <summary>The reason why the scripts cannot run on this machine; null if they can.</summary>
    public static string? SkipReason => PlaywrightNode.SkipReason("clients");

    public async Task<string> ReadLineAsync() => await process.StandardOutput.ReadLineAsync().WaitAsync(Limit)
        ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());

    public async Task WriteLineAsync(string line)
    {
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        File.Delete(certificatePath);
    }
}
