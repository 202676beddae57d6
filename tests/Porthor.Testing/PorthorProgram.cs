using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Porthor.Server.Configuration;

namespace Porthor.Testing;

/// <summary>
/// The program itself, as a user runs it: a process of its own, in a folder of its own, with no variable of ours but those
/// given. Whatever it started is gone when the test ends.
/// </summary>
internal sealed class PorthorProgram : IAsyncDisposable
{
    /// <summary>Long, for a busy machine; a program that hangs must not hang the tests.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private static readonly string[] SecretVariables = ["_SECRET", "_TOKEN", "_PASSWORD", "_KEY"];

    /// <summary>What prints a secret because that is what it is for.</summary>
    private static readonly string[][] PrintingSecrets = [["token", "create"], ["generate-token"], ["generate-session-secret"], ["generate-key"]];

    private readonly List<RunningProgram> started = [];

    /// <summary>Where it is run.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("porthor-program-").FullName;

    public Dictionary<string, string> Variables { get; } = [];

    private string Commands => Path.Combine(Folder, "bin");

    /// <summary>It may be given limits to its files as it runs.</summary>
    public bool SurvivesFullDisk { get; init; }

    /// <summary>It has no rights that others have not.</summary>
    public bool RunsAsNobody { get; set; }

    /// <summary>What it must not print, besides whole tokens and the secrets among the variables.</summary>
    public ConcurrentBag<string> Secrets { get; } = [];

    /// <summary>A program that is configured for a deployment; its stores can be looked into beside it.</summary>
    /// <param name="yaml">More lines of configuration, for the modes that have a file.</param>
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
            program.Variables["PORTHOR_REDIS_PERSISTENT_URL"] = $"redis://127.0.0.1:{settings.PersistentRedis!.Port}/{settings.PersistentRedis.Database}";
            program.Variables["PORTHOR_REDIS_EPHEMERAL_URL"] = $"redis://127.0.0.1:{settings.EphemeralRedis!.Port}/{settings.EphemeralRedis.Database}";
        }
        return program;
    }

    /// <summary>Gives it a configuration file.</summary>
    public void Configure(string yaml)
    {
        var path = Path.Combine(Folder, "porthor.yaml");
        File.WriteAllText(path, yaml);
        Variables["PORTHOR_CONFIG_PATH"] = path;
    }

    /// <summary>Runs a command to its end; its standard input is empty.</summary>
    public async Task<Outcome> RunAsync(params string[] arguments) => await Start(arguments).EndAsync();

    /// <summary>Runs a command to its end, with a text on its standard input.</summary>
    public Task<Outcome> RunWithInputAsync(string input, params string[] arguments) => Start("dotnet", Command(arguments), input).EndAsync();

    /// <summary>A shell finds the program as <c>porthor</c>, and PostgreSQL's programs, which find the server.</summary>
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

    /// <summary>What a shell does when it is told this name; arguments follow.</summary>
    public void AddCommand(string name, string command)
    {
        Directory.CreateDirectory(Commands);
        var path = Path.Combine(Commands, name);
        File.WriteAllText(path, $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    /// <summary>Runs a shell to its end.</summary>
    public Task<Outcome> RunShellAsync(string script) => Start("bash", ["-euc", script], input: "").EndAsync();

    public RunningProgram Start(params string[] arguments) => Start("dotnet", Command(arguments), input: "");

    private static string[] Command(string[] arguments) => [Path.Combine(AppContext.BaseDirectory, "porthor.dll"), .. arguments];

    private RunningProgram Start(string file, string[] arguments, string input)
    {
        Prerequisites.SkipIfFast("a process of its own");
        string[] command = [file, .. arguments];
        // The signal that a file would grow too long would end the process; a full disk only fails the call.
        if (SurvivesFullDisk)
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
        foreach (var (name, value) in Variables)
            program.Environment[name] = value;
        // The tests must not read or change a deployment that is installed on the machine.
        if (!Variables.ContainsKey("GAFAELFAWR_CONFIG_PATH"))
            program.Environment.TryAdd("PORTHOR_CONFIG_PATH", SettingsLoader.NoFile);
        var running = new RunningProgram(Process.Start(program)!, Bound, input)
        {
            // A shell prints whatever its script wants.
            PrintsSecret = file == "bash" || Array.Exists(PrintingSecrets, verbs => arguments.Skip(1).Take(verbs.Length).SequenceEqual(verbs)),
        };
        started.Add(running);
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        var watch = new SecretWatch(() => started.SelectMany(running => (running.PrintsSecret ? running.Errors : running.Output + running.Errors).Split('\n')));
        foreach (var (_, value) in Variables.Where(variable => SecretVariables.Any(end => variable.Key.EndsWith(end, StringComparison.Ordinal))))
            watch.Secret(value);
        foreach (var secret in Secrets)
            watch.Secret(secret);
        foreach (var running in started)
            await running.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        watch.ThrowIfLeaked();
    }
}

/// <summary>What became of a command.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);

/// <summary>A started program. All that it prints is kept.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process process;
    private readonly TimeSpan bound;
    private readonly Lock gate = new();
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();

    public RunningProgram(Process process, TimeSpan bound, string input)
    {
        this.process = process;
        this.bound = bound;
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
    }

    /// <summary>Its output is a secret, for whoever asked for one.</summary>
    public bool PrintsSecret { get; init; }

    public string Output => Read(output);

    public string Errors => Read(errors);

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>How much memory it has.</summary>
    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>As <c>kill -9</c>, and waits until it is gone.</summary>
    public Task<Outcome> KillAsync()
    {
        process.Kill();
        return EndAsync();
    }

    /// <summary>As a service manager ends it.</summary>
    public async Task<Outcome> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        return await EndAsync();
    }

    public Task<Outcome> EndAsync() => EndAsync(bound);

    /// <param name="patience">For what takes longer than a test may.</param>
    public async Task<Outcome> EndAsync(TimeSpan patience)
    {
        using var timeout = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The program did not end. It printed:\n{Output}\n{Errors}", e);
        }
        return new Outcome(process.ExitCode, Output, Errors);
    }

    /// <summary>Waits until a condition holds; fails at once if the program ends.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(begun) > bound)
                throw new InvalidOperationException($"In vain waited for {what}. The program printed:\n{Output}\n{Errors}");
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

    private void Keep(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (gate)
            text.Append(line).Append('\n');
    }

    private string Read(StringBuilder text)
    {
        lock (gate)
            return text.ToString();
    }
}
