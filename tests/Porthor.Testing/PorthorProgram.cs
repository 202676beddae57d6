using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Porthor.Server.Configuration;

namespace Porthor.Testing;

/// <summary>
/// Runs the porthor program as a user does: in its own process and folder, without the environment variables of the test run. All processes
/// that it started are killed when the test ends.
/// </summary>
internal sealed class PorthorProgram : IAsyncDisposable
{
    /// <summary>The time limit of a command. It is long enough for a busy machine, and ends a test that hangs.</summary>
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(60);

    private static readonly string[] SecretVariables = ["_SECRET", "_TOKEN", "_PASSWORD", "_KEY"];

    /// <summary>The commands whose output is a secret.</summary>
    private static readonly string[][] CommandsThatPrintSecrets =
        [["token", "create"], ["generate-token"], ["generate-session-secret"], ["generate-key"]];

    private readonly List<RunningProgram> started = [];

    /// <summary>The working directory.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("porthor-program-").FullName;

    public Dictionary<string, string> Variables { get; } = [];

    private string Commands => Path.Combine(Folder, "bin");

    /// <summary>True if the program ignores SIGXFSZ. A test then simulates a full disk with a file size limit.</summary>
    public bool IgnoresFileSizeSignal { get; init; }

    /// <summary>True if the program runs without special privileges.</summary>
    public bool RunsAsNobody { get; set; }

    /// <summary>
    /// Texts that the program must not print, in addition to complete tokens and the secrets in the environment variables.
    /// </summary>
    public ConcurrentBag<string> Secrets { get; } = [];

    /// <summary>Creates a program that is configured for a deployment. The test can read the deployment's stores meanwhile.</summary>
    /// <param name="yaml">Additional lines of configuration, for the modes that have a configuration file.</param>
    public static async Task<PorthorProgram> ForAsync(Deployment deployment, string yaml = "")
    {
        var program = new PorthorProgram();
        var settings = deployment.Settings;
        program.Variables["PORTHOR_DATA_DIR"] = settings.DataDirectory;
        program.Variables["PORTHOR_SESSION_SECRET"] = settings.SessionKeys[0].Reveal();
        if (deployment.DatabaseName is { } database)
        {
            program.Variables["PORTHOR_DATABASE_URL"] = (await RealServers.Instance.PostgresAsync()).Url(database);
            program.Variables["PORTHOR_BOOTSTRAP_TOKEN"] = settings.BootstrapToken!.Reveal();
            program.Variables["PORTHOR_GITHUB_CLIENT_SECRET"] = "github-secret";
            program.Configure(
                $"""
                baseUrl: https://example.com/
                github:
                  clientId: some-client
                knownScopes:
                  "admin:token": Can create and modify tokens for any user
                  "admin:userinfo": Can see user information for any user
                  "read:all": Can read everything
                  "user:token": Can create and modify user tokens
                {yaml}
                """);
        }
        if (settings.Mode == DeploymentMode.Cluster)
        {
            program.Variables["PORTHOR_REDIS_PERSISTENT_URL"] =
                $"redis://127.0.0.1:{settings.PersistentRedis!.Port}/{settings.PersistentRedis.Database}";
            program.Variables["PORTHOR_REDIS_EPHEMERAL_URL"] =
                $"redis://127.0.0.1:{settings.EphemeralRedis!.Port}/{settings.EphemeralRedis.Database}";
        }
        return program;
    }

    /// <summary>Writes the configuration file.</summary>
    public void Configure(string yaml)
    {
        var path = Path.Combine(Folder, "porthor.yaml");
        File.WriteAllText(path, yaml);
        Variables["PORTHOR_CONFIG_PATH"] = path;
    }

    /// <summary>Runs a command until it exits. Its standard input is empty.</summary>
    public async Task<Outcome> RunAsync(params string[] arguments) => await Start(arguments).EndAsync();

    /// <summary>Runs a command until it exits, with a text as its standard input.</summary>
    public Task<Outcome> RunWithInputAsync(string input, params string[] arguments) =>
        Start("dotnet", Command(arguments), input).EndAsync();

    /// <summary>Makes <c>porthor</c> and PostgreSQL's programs available to shell scripts.</summary>
    public async Task PrepareShellAsync()
    {
        AddCommand("porthor", $"dotnet '{Command([])[0]}'");
        Variables["PATH"] = string.Join(':', Commands, Prerequisites.PostgresBin, Environment.GetEnvironmentVariable("PATH"));
        if (Variables.ContainsKey("PORTHOR_DATABASE_URL"))
        {
            Variables["PGHOST"] = "127.0.0.1";
            Variables["PGPORT"] = $"{(await RealServers.Instance.PostgresAsync()).Port}";
            Variables["PGUSER"] = PostgresServer.User;
        }
    }

    /// <summary>Defines a command for shell scripts. The script's arguments are appended.</summary>
    public void AddCommand(string name, string command)
    {
        Directory.CreateDirectory(Commands);
        var path = Path.Combine(Commands, name);
        File.WriteAllText(path, $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    /// <summary>Runs a shell script until it exits.</summary>
    public Task<Outcome> RunShellAsync(string script) => Start("bash", ["-euc", script], input: "").EndAsync();

    public RunningProgram Start(params string[] arguments) => Start("dotnet", Command(arguments), input: "");

    private static string[] Command(string[] arguments) => [Path.Combine(AppContext.BaseDirectory, "porthor.dll"), .. arguments];

    private RunningProgram Start(string file, string[] arguments, string input)
    {
        Prerequisites.SkipIfFast("a separate process");
        string[] command = [file, .. arguments];
        // SIGXFSZ would kill the process when a file exceeds the limit; a full disk only makes the call fail.
        if (IgnoresFileSizeSignal)
            command = ["bash", "-c", "trap '' XFSZ; exec \"$@\"", "bash", .. command];
        if (RunsAsNobody && Environment.UserName == "root")
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. command];
        var program = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        foreach (var name in program.Environment.Keys.Where(name => name.StartsWith("PORTHOR_", StringComparison.Ordinal)
            || name.StartsWith("GAFAELFAWR_", StringComparison.Ordinal)).ToList())
            program.Environment.Remove(name);
        // Most processes end before profile-guided optimization has an effect.
        program.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in Variables)
            program.Environment[name] = value;
        // Tests must not read or change a deployment that is installed on this machine.
        if (!Variables.ContainsKey("GAFAELFAWR_CONFIG_PATH"))
            program.Environment.TryAdd("PORTHOR_CONFIG_PATH", SettingsLoader.NoFile);
        var running = new RunningProgram(Process.Start(program)!, CommandTimeout, input)
        {
            // A shell script can print any secret.
            PrintsSecret = file == "bash" || Array.Exists(
                CommandsThatPrintSecrets, verbs => arguments.Skip(1).Take(verbs.Length).SequenceEqual(verbs)),
        };
        started.Add(running);
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        var detector = new SecretLeakDetector(
            () => started.SelectMany(running => (running.PrintsSecret ? running.Errors : running.Output + running.Errors).Split('\n')));
        foreach (var (_, value) in Variables.Where(
            variable => SecretVariables.Any(end => variable.Key.EndsWith(end, StringComparison.Ordinal))))
            detector.Secret(value);
        foreach (var secret in Secrets)
            detector.Secret(secret);
        foreach (var running in started)
            await running.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        detector.ThrowIfLeaked();
    }
}

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
