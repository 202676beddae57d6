using Porthor.Sql;
using System.Text.Json.Nodes;

namespace Porthor.Server.Hosting;

/// <summary>A node that serves, or did a moment ago.</summary>
/// <param name="Keys">The ids of the session secrets that it knows.</param>
internal sealed record NodeRegistration(string Name, IReadOnlyList<string> Keys, TimeSpan Age);

/// <summary>
/// Each node notes in the token index that it serves and which session secrets it knows, so that a rotation can be refused before it locks
/// everybody out.
/// </summary>
internal sealed partial class NodeRegistry(SqlStores sql, SessionKeys sessionKeys, TimeProvider clock, ILogger<NodeRegistry> logger) : BackgroundService
{
    private const string Prefix = "node:";

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Whoever was silent for longer is gone.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(3);

    private readonly string name = $"{Prefix}{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}";

    /// <summary>The nodes that serve, as far as anybody can tell; those long gone are forgotten.</summary>
    public static async Task<IReadOnlyList<NodeRegistration>> ReadAsync(SqlStores sql, TimeProvider clock, CancellationToken cancellationToken)
    {
        List<NodeRegistration> nodes = [];
        foreach (var (name, json) in await sql.Settings.ListAsync(Prefix, cancellationToken))
        {
            var note = JsonNode.Parse(json)!;
            var age = clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds((long)note["time"]!);
            if (age > Memory)
                await sql.Settings.DeleteAsync(name, cancellationToken);
            else
                nodes.Add(new NodeRegistration(name[Prefix.Length..], [.. note["keys"]!.AsArray().Select(key => (string)key!)], age));
        }
        return nodes;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync(() => sql.Settings.DeleteAsync(name, cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
            await TryAsync(() => NoteAsync(stoppingToken));
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private Task NoteAsync(CancellationToken cancellationToken)
    {
        JsonObject note = new()
        {
            ["time"] = clock.GetUtcNow().ToUnixTimeSeconds(),
            ["keys"] = new JsonArray([.. sessionKeys.All.Select(key => (JsonNode)key.Id)]),
        };
        return sql.Settings.SetAsync(name, note.ToJsonString(), cancellationToken);
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The service does not depend on it.
            Log.Failed(logger, e.Message, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "This node cannot note that it serves")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
