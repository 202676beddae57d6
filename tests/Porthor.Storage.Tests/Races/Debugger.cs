using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Races;

/// <summary>Attaches gdb to a PostgreSQL process, and stops the process in an operation that is too short to stop it by timing.</summary>
internal sealed class Debugger : IAsyncDisposable
{
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The number of the capability CAP_SYS_PTRACE (capabilities(7)).</summary>
    private const int SysPtrace = 19;

    private readonly Process gdb;
    private readonly Channel<string> lines = Channel.CreateUnbounded<string>();
    private int marks;

    private Debugger(Process gdb)
    {
        this.gdb = gdb;
        gdb.OutputDataReceived += (_, e) => lines.Writer.TryWrite(e.Data ?? "");
        gdb.BeginOutputReadLine();
    }

    /// <summary>
    /// The reason why gdb cannot be used on this machine; null if it can. It needs gdb and the right to trace processes of another user.
    /// </summary>
    public static string? SkipReason =>
        Prerequisites.Find("gdb") is null || !CanTrace || RuntimeInformation.OSArchitecture != Architecture.X64
            ? "gdb is not installed, or may not trace processes of other users (CAP_SYS_PTRACE), or this machine is not x86-64"
            : null;

    private static bool CanTrace => File.ReadLines("/proc/self/status")
        .FirstOrDefault(line => line.StartsWith("CapEff:", StringComparison.Ordinal)) is { } line
        && (ulong.Parse(
            line["CapEff:".Length..], NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite,
            CultureInfo.InvariantCulture) >> SysPtrace & 1) == 1;

    /// <summary>Attaches to a process, which stops it.</summary>
    public static async Task<Debugger> AttachAsync(int pid)
    {
        var start = new ProcessStartInfo(Prerequisites.Find("gdb")!, ["-q", "-nx", "-p", $"{pid}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var debugger = new Debugger(Process.Start(start)!);
        await debugger.RunAsync("set pagination off", "set confirm off", "handle SIGUSR1 SIGALRM nostop noprint pass");
        return debugger;
    }

    /// <summary>Runs commands and waits until they are complete. <c>continue</c> is complete when the process stops again.</summary>
    public async Task RunAsync(params string[] commands)
    {
        await SendAsync(commands);
        var mark = $"done-{++marks}";
        await SendAsync($"echo {mark}\\n");
        using var timeout = new CancellationTokenSource(CommandTimeout);
        while (!(await lines.Reader.ReadAsync(timeout.Token)).Contains(mark, StringComparison.Ordinal))
        {
        }
    }

    /// <summary>Sends commands without waiting.</summary>
    public async Task SendAsync(params string[] commands)
    {
        foreach (var command in commands)
            await gdb.StandardInput.WriteLineAsync(command);
        await gdb.StandardInput.FlushAsync();
    }

    /// <summary>Detaches. The process continues to run.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!gdb.HasExited)
            gdb.Kill();
        await gdb.WaitForExitAsync();
        gdb.Dispose();
    }
}
