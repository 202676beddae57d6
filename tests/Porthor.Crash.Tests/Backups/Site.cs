using System.Text.Json;
using System.Text.RegularExpressions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Backups;

/// <summary>
/// A deployment with one node, on which a test runs the commands of an operator documentation page. Only folders, user names and server
/// addresses differ from the page.
/// </summary>
internal sealed class Site : IAsyncDisposable
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

    /// <summary>Runs a block of commands and returns its result.</summary>
    public async Task<Outcome> TryBlockAsync(string page, string heading, int block = 0)
    {
        var user = Environment.UserName;
        Dictionary<string, string> replacements = new()
        {
            ["-o porthor -g porthor"] = $"-o {user}",
            ["-o redis -g redis"] = $"-o {user}",
            ["runuser -u redis -- "] = "",
            ["/var/lib/porthor"] = Data,
            ["/backup"] = BackupFolder,
            ["/etc/redis/redis.conf"] = Redis?.SettingsFile ?? "",
            ["/var/lib/redis"] = Redis?.Folder ?? "",
        };
        // One pass replaces all texts, so that no replacement is replaced again.
        var script = Regex.Replace(
            OperatorPage.Commands(page, heading)[block], string.Join('|', replacements.Keys.Select(Regex.Escape)), match =>
                replacements[match.Value], RegexOptions.None, TimeSpan.FromSeconds(1));
        return await program.RunShellAsync(script);
    }

    /// <summary>
    /// Runs a block of commands as <see cref="TryBlockAsync"/> does, and fails the test if the block fails. Returns the output.
    /// </summary>
    public async Task<string> RunBlockAsync(string page, string heading, int block = 0)
    {
        var outcome = await TryBlockAsync(page, heading, block);
        outcome.ExitCode.ShouldBe(0, outcome.Output + outcome.Errors);
        return outcome.Output;
    }

    public Task<Outcome> RunAsync(params string[] arguments) => program.RunAsync(arguments);

    /// <summary>Writes a file into the operator's working directory.</summary>
    public Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(program.Folder, name), text);

    /// <summary>Returns the lines of a file in the operator's working directory.</summary>
    public Task<string[]> ReadLinesAsync(string name) => File.ReadAllLinesAsync(Path.Combine(program.Folder, name));

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

    /// <summary>Returns the status that a proxy receives: 200, 401, or 403 if the token does not have the scope.</summary>
    public async Task<int> AuthorizeAsync(Token token, string scope = "user:token") =>
        (await Http.AuthorizeAsync(Url, token, $"scope={scope}"))!.StatusCode;

    /// <summary>Creates a token with a child, both with the scope read:all.</summary>
    public async Task<Tree> CreateTreeAsync(string username, string name)
    {
        var created = await Http.CreateUserTokenAsync(Url, Administrator, username, name, "read:all", "user:token");
        created!.StatusCode.ShouldBe(201, created.Body);
        var token = Requests.TokenIn(created);
        var child = await Http.DelegateAsync(Url, token, "portal", "read:all");
        child!.StatusCode.ShouldBe(200, child.Body);
        return new Tree(username, name, token, Token.Parse(child.Header("X-Auth-Request-Token")!));
    }

    public async Task RevokeAsync(Tree tree) =>
        (await Http.RevokeAsync(Url, Administrator, tree.Username, tree.Token.Key))!.StatusCode.ShouldBe(204);

    /// <summary>Removes the scope read:all.</summary>
    public async Task ReduceAsync(Tree tree) =>
        (await Http.EditAsync(Url, Administrator, tree.Username, tree.Token.Key, "user:token"))!.StatusCode.ShouldBe(200);

    /// <summary>Returns the keys of a user's tokens without expired tokens, which are listed until maintenance removes them.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string username) =>
        [.. Requests.ItemsIn((await Http.ListAsync(Url, Administrator, username))!)
            .Where(
                item => !item.TryGetProperty("expires", out var expires)
                    || expires.ValueKind == JsonValueKind.Null || expires.GetInt64() > DateTimeOffset.UtcNow.ToUnixTimeSeconds())
            .Select(item => item.GetProperty("token").GetString()!)];

    /// <summary>Returns all data about a user's tokens except for the time of last use, and their history.</summary>
    public async Task<string> DescribeAsync(string username)
    {
        var list = await Http.ListAsync(Url, Administrator, username);
        return LastUsed.Replace(list!.Body, "") + await HistoryAsync(username);
    }

    /// <summary>Returns the history of a user's tokens, newest first.</summary>
    public async Task<string> HistoryAsync(string username)
    {
        var history = await Http.SendRequestAsync(
            HttpMethod.Get, Url, $"/auth/api/v1/history/token-changes?username={username}", Administrator);
        history!.StatusCode.ShouldBe(200, history.Body);
        return history.Body;
    }

    /// <summary>Returns a section of the output of Redis' INFO command.</summary>
    public async Task<string> ReadRedisInfoAsync(string section)
    {
        await using var connection = await Redis!.ConnectAsync();
        return (string)(await connection.GetDatabase().ExecuteAsync("INFO", section))!;
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? json = null) =>
        (await Http.SendRequestAsync(method, Url, path, Administrator, json))!;

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
