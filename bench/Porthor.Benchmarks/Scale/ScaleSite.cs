using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Porthor.Secrets;
using Porthor.Testing;
using StackExchange.Redis;

namespace Porthor.Benchmarks.Scale;

/// <summary>
/// A deployment of one PostgreSQL and one Redis server with many tokens. It is created in a temporary folder, or in a folder that is kept.
/// In that case the benchmark works on a copy, so that the next run finds the original data.
/// </summary>
internal sealed class ScaleSite : IAsyncDisposable
{
    private const string Database = "scale", Note = "scale.json";

    /// <summary>Settings for a database of a few gigabytes.</summary>
    private static readonly string[] PostgresSettings =
        ["shared_buffers=1GB", "effective_cache_size=3GB", "max_wal_size=4GB", "random_page_cost=1.1"];

    private readonly string folder;
    private readonly bool isOwn;
    private readonly PostgresServer postgres;
    private readonly RedisServerProcess redis;
    private readonly ConnectionMultiplexer connection;
    private bool disposed;

    private ScaleSite(
        string folder, bool isOwn, PostgresServer postgres, RedisServerProcess redis, ConnectionMultiplexer connection, JsonNode note,
        TextWriter progress)
    {
        (this.folder, this.isOwn, this.postgres, this.redis, this.connection) = (folder, isOwn, postgres, redis, connection);
        Shape = new ScaleShape((int)note["count"]!, DateTimeOffset.FromUnixTimeSeconds((long)note["made"]!));
        var secret = (string)note["secret"]!;
        Data = new ScaleData(Shape, postgres.ConnectionString(Database), connection.GetDatabase(), FernetKey.TryParse(secret)!, progress);
        var programs = Directory.CreateDirectory(Path.Combine(folder, "program")).FullName;
        Program = new ScaleProgram(programs, Variables(programs, secret));
        // Also if the process is interrupted.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(10));
    }

    public ScaleShape Shape { get; }

    public ScaleData Data { get; }

    public ScaleProgram Program { get; }

    /// <param name="kept">The folder where the data are kept for the next run; null for none.</param>
    public static async Task<ScaleSite> OpenAsync(int count, string? kept, TextWriter progress)
    {
        var folder = Directory.CreateTempSubdirectory("porthor-scale-").FullName;
        if (kept is null)
            return await MakeAsync(folder, isOwn: true, count, progress);
        if (!File.Exists(Path.Combine(kept, Note)))
        {
            await using var made = await MakeAsync(Directory.CreateDirectory(kept).FullName, isOwn: false, count, progress);
            await made.SaveAsync();
        }
        await progress.WriteLineAsync("copying");
        using (var copy = Process.Start("cp", ["--archive", "--reflink=auto", Path.Combine(kept, "."), folder]))
            await copy.WaitForExitAsync();
        var note = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, Note)))!;
        if ((int)note["count"]! != count)
            throw new InvalidOperationException($"{kept} contains {note["count"]} tokens.");
        return await StartAsync(folder, isOwn: true, note, progress);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
            return;
        await connection.DisposeAsync();
        await redis.DisposeAsync();
        await postgres.DisposeAsync();
        if (isOwn)
            Directory.Delete(folder, recursive: true);
    }

    private static async Task<ScaleSite> MakeAsync(string folder, bool isOwn, int count, TextWriter progress)
    {
        JsonObject note =
            new() { ["count"] = count, ["made"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(), ["secret"] = FernetKey.Create().Reveal() };
        var site = await StartAsync(folder, isOwn, note, progress);
        try
        {
            await site.postgres.ExecuteAsync("postgres", $"CREATE DATABASE {Database}");
            await site.Program.RunAsync("init");
            await site.Data.FillAsync();
            await File.WriteAllTextAsync(Path.Combine(folder, Note), note.ToJsonString());
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    private static async Task<ScaleSite> StartAsync(string folder, bool isOwn, JsonNode note, TextWriter progress)
    {
        var postgres = await PostgresServer.StartAsync(Path.Combine(folder, "postgres"), PostgresSettings);
        var redis = await RedisServerProcess.StartAsync(Path.Combine(folder, "redis"));
        return new ScaleSite(folder, isOwn, postgres, redis, await redis.ConnectAsync(), note, progress);
    }

    /// <summary>Makes Redis save its data. PostgreSQL has already saved its data.</summary>
    private async Task SaveAsync()
    {
        var server = connection.GetServers().Single();
        await server.SaveAsync(SaveType.BackgroundSave);
        while ((await server.InfoRawAsync("persistence"))!.Contains("rdb_bgsave_in_progress:1", StringComparison.Ordinal))
            await Task.Delay(100);
    }

    private Dictionary<string, string> Variables(string programs, string secret)
    {
        var configuration = Path.Combine(programs, "porthor.yaml");
        File.WriteAllText(
            configuration,
            """
            baseUrl: https://example.com/
            github:
              clientId: some-client
            knownScopes:
              "admin:token": Can create and modify tokens for any user
              "admin:userinfo": Can see user information for any user
              "exec:notebook": Can use notebooks
              "read:all": Can read everything
              "user:token": Can create and modify user tokens
            """);
        string Redis(int database) => string.Create(CultureInfo.InvariantCulture, $"redis://127.0.0.1:{redis.Port}/{database}");
        return new Dictionary<string, string>
        {
            ["PORTHOR_CONFIG_PATH"] = configuration,
            ["PORTHOR_DATABASE_URL"] = postgres.Url(Database),
            ["PORTHOR_REDIS_PERSISTENT_URL"] = Redis(0),
            ["PORTHOR_REDIS_EPHEMERAL_URL"] = Redis(1),
            ["PORTHOR_SESSION_SECRET"] = secret,
            ["PORTHOR_GITHUB_CLIENT_SECRET"] = "github-secret",
        };
    }
}
