using System.Text.Json.Nodes;
using Porthor.Server.Observation;
using Porthor.Sql;

namespace Porthor.Server.Hosting;

/// <summary>Represents a node that serves requests, or served requests a short time ago.</summary>
/// <param name="Name">The name of the node: the machine, the process id and a random part.</param>
/// <param name="Keys">The ids of the session secrets that the node has.</param>
/// <param name="Age">The time since the node last registered.</param>
internal sealed record NodeRegistration(string Name, IReadOnlyList<string> Keys, TimeSpan Age);

/// <summary>
/// Records every minute in the database that this node serves requests and which session secrets it has. A rotation of the session
/// secret is rejected if a node does not have the new secret.
/// </summary>
internal sealed partial class NodeRegistry(
    SqlStores sql, SessionKeys sessionKeys, TimeProvider clock, ILogger<NodeRegistry> logger) : BackgroundService
{
    private const string Prefix = "node:";

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>The time after which a node without a new registration is considered stopped.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromMinutes(3);

    private readonly string name = $"{Prefix}{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}";

    /// <summary>Returns the nodes that serve requests. Deletes the registrations of stopped nodes.</summary>
    public static async Task<IReadOnlyList<NodeRegistration>> ReadAsync(
        SqlStores sql, TimeProvider clock, CancellationToken cancellationToken)
    {
        List<NodeRegistration> nodes = [];
        foreach (var (name, json) in await sql.Settings.ListAsync(Prefix, cancellationToken))
        {
            var note = JsonNode.Parse(json)!;
            var age = clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds((long)note["time"]!);
            if (age > Retention)
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
            // The service continues, because it does not depend on the registration.
            Log.Failed(logger, e.Message, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot record this node in the database")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
