using System.Text.RegularExpressions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Backups;

/// <summary>
/// A deployment with one node, on which a test runs the commands of an operator documentation page. Only folders, user names and server
/// addresses differ from the page.
/// </summary>
internal sealed partial class Site : IAsyncDisposable
{
    /// <summary>The name of the database on the page.</summary>
    private const string DatabaseName = "porthor";

    /// <summary>The name that the page gives to the replaced database.</summary>
    private const string LostDatabaseName = "porthor_lost";

    private readonly List<ServingProgram> servers = [];
    private readonly Deployment deployment;
    private readonly PorthorProgram program;

    private Site(Deployment deployment, RedisServerProcess? redis, PorthorProgram program)
    {
        this.deployment = deployment;
        this.program = program;
        Redis = redis;
    }

    /// <summary>Null in embedded and database mode.</summary>
    public RedisServerProcess? Redis { get; }

    public HttpClient Http { get; } = Node.CreateClient();

    public Uri Url => servers[^1].Url;

    public Token Administrator { get; private set; } = null!;

    /// <summary>The data directory of embedded mode.</summary>
    public string Data => deployment.Settings.DataDirectory;

    private string BackupFolder => Path.Combine(program.Folder, "backup");

    public static async Task<Site> StartAsync(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        Assert.SkipWhen(
            mode == Mode.Embedded && Prerequisites.Find("sqlite3") is null,
            "The sqlite3 program is not installed; ./test.sh installs it (Debian's sqlite3)");
        var redis = mode == Mode.Cluster ? await RedisServerProcess.StartConfiguredAsync() : null;
        var deployment = await Deployment.CreateAsync(mode, redis, DatabaseName);
        var site = new Site(deployment, redis, await PorthorProgram.ForAsync(deployment));
        await site.PrepareAsync();
        await site.StartNodeAsync();
        await site.LogInAsync();
        return site;
    }

    public async Task StartNodeAsync() => servers.Add(await ServingProgram.StartAsync(program, withMetrics: false));

    /// <summary>Stops the node and returns its output.</summary>
    public async Task<string> StopNodeAsync()
    {
        var outcome = await servers[^1].Program.TerminateAsync();
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
        return outcome.Output;
    }

    /// <summary>Creates a new administrator with the bootstrap token.</summary>
    public async Task LogInAsync()
    {
        var bootstrap = deployment.DatabaseName is null
            ? Token.Parse((await File.ReadAllTextAsync(Path.Combine(Data, "bootstrap-token"))).Trim())
            : deployment.Settings.BootstrapToken!;
        Administrator = await Http.CreateAdministratorAsync(Url, bootstrap);
    }

    /// <summary>Creates an empty backup folder.</summary>
    public void ClearBackupFolder()
    {
        if (Directory.Exists(BackupFolder))
            Directory.Delete(BackupFolder, recursive: true);
        Directory.CreateDirectory(BackupFolder);
    }

    /// <summary>Restores Redis as the page describes, from its stop until a service manager can restart it.</summary>
    public async Task RestoreRedisAsync()
    {
        await Redis!.KillAsync();
        // A running node answers 503, because it cannot read the state of a token.
        if (!servers[^1].Program.HasEnded)
            (await AuthorizeAsync(Administrator)).ShouldBe(503);
        await RunBlockAsync(OperatorPage.Backup, "Cluster", 1);
        Redis.AttachToProcess();
    }

    /// <summary>Runs SQL in the node's database.</summary>
    public async Task ChangeDatabaseAsync(string script) =>
        await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(DatabaseName, script);

    public async Task ShouldAgreeAsync()
    {
        var audit = await RunAsync("audit", "--strict");
        (audit.ExitCode, audit.Output).ShouldBe((0, ""), audit.Errors);
    }

    /// <summary>Returns a section of the output of Redis' INFO command.</summary>
    public async Task<string> ReadRedisInfoAsync(string section)
    {
        await using var connection = await Redis!.ConnectAsync();
        return (string)(await connection.GetDatabase().ExecuteAsync("INFO", section))!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
            server.Dispose();
        Http.Dispose();
        await program.DisposeAsync();
        await deployment.DisposeAsync();
        if (deployment.DatabaseName is not null)
            await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(
                "postgres", $"DROP DATABASE IF EXISTS {LostDatabaseName} WITH (FORCE)");
        if (Redis is not null)
        {
            await Redis.DisposeAsync();
            Directory.Delete(Redis.Folder, recursive: true);
        }
    }

    private async Task PrepareAsync()
    {
        ClearBackupFolder();
        await program.PrepareShellAsync();
        if (Redis is not null)
        {
            program.AddCommand("redis-server", Prerequisites.RedisServer!);
            program.AddCommand("redis-cli", $"{Prerequisites.Find("redis-cli") ?? Prerequisites.Find("valkey-cli")} -p {Redis.Port}");
        }
    }

    private static Regex LastUsed { get; } = new(",\"last_used\":[0-9]+|\"last_used\":[0-9]+,", RegexOptions.None, TimeSpan.FromSeconds(1));
}

/// <summary>A token of a user and its child.</summary>
internal sealed record Tree(string Username, string Name, Token Token, Token Child);
