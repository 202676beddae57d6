using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Porthor.Server.Configuration;

namespace Porthor.Testing;

/// <summary>
/// Runs the porthor program as a user does: in its own process and folder, without the environment variables of the test run. All processes
/// that it started are killed when the test ends.
/// </summary>
internal sealed partial class PorthorProgram : IAsyncDisposable
{
    /// <summary>The time limit of a command. It is long enough for a busy machine, and ends a test that hangs.</summary>
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(60);

    private static readonly string[] SecretVariables = ["_SECRET", "_TOKEN", "_PASSWORD", "_KEY"];

    /// <summary>The commands whose output is a secret.</summary>
    private static readonly string[][] CommandsThatPrintSecrets =
        [["token", "create"], ["generate-token"], ["generate-session-secret"], ["generate-key"]];

    private readonly List<RunningProgram> started = [];

    /// <summary>
    /// The program file: the published program if the environment variable PORTHOR_PROGRAM names it, otherwise the one of the build. The
    /// published program contains machine code and starts twice as fast.
    /// </summary>
    public static string ProgramFile { get; } = Environment.GetEnvironmentVariable("PORTHOR_PROGRAM") is { Length: > 0 } published
        ? published
        : Path.Combine(AppContext.BaseDirectory, "porthor.dll");

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

    public RunningProgram Start(params string[] arguments) => Start("dotnet", Command(arguments), input: "");

    private static string[] Command(string[] arguments) => [ProgramFile, .. arguments];

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
