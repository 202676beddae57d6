using System.Diagnostics;
using System.Text;

namespace Porthor.Testing;

/// <summary>The result of a command.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);

/// <summary>A started process. All its output is kept.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process process;
    private readonly TimeSpan timeout;
    private readonly Lock sync = new();
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();

    public RunningProgram(Process process, TimeSpan timeout, string input)
    {
        this.process = process;
        this.timeout = timeout;
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
    }

    /// <summary>True if the output contains a secret that the command is meant to print.</summary>
    public bool PrintsSecret { get; init; }

    public string Output => Read(output);

    public string Errors => Read(errors);

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>The resident memory of the process, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>Kills the process, as <c>kill -9</c> does, and waits until it has exited.</summary>
    public Task<Outcome> KillAsync()
    {
        process.Kill();
        return EndAsync();
    }

    /// <summary>Terminates the process, as a service manager does.</summary>
    public async Task<Outcome> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        return await EndAsync();
    }

    public Task<Outcome> EndAsync() => EndAsync(timeout);

    /// <param name="limit">The time limit, for commands that take longer than a test usually may.</param>
    public async Task<Outcome> EndAsync(TimeSpan limit)
    {
        using var cancellation = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(cancellation.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The program did not exit. Its output:\n{Output}\n{Errors}", e);
        }
        return new Outcome(process.ExitCode, Output, Errors);
    }

    /// <summary>Waits until a condition is true. Fails at once if the program exits.</summary>
    public async Task WaitUntilAsync(Func<Task<bool>> condition, string what)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(begun) > timeout)
                throw new InvalidOperationException($"Timed out while waiting for {what}. The program's output:\n{Output}\n{Errors}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Append(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (sync)
            text.Append(line).Append('\n');
    }

    private string Read(StringBuilder text)
    {
        lock (sync)
            return text.ToString();
    }
}
