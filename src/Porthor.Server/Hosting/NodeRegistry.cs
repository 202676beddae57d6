using System.Text.Json.Nodes;
using Porthor.Server.Observation;
using Porthor.Server.Platform;
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
    SqlStores sql, SessionKeys sessionKeys, TimeProvider clock, ILogger<NodeRegistry> logger)
    : PeriodicService(TimeSpan.FromMinutes(1), runsAtStart: true, clock)
{
    private const string Prefix = "node:";

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
        await TryAsync(token => sql.Settings.DeleteAsync(name, token), cancellationToken);
    }

    protected override Task RunAsync(CancellationToken cancellationToken)
    {
        JsonObject note = new()
        {
            ["time"] = Clock.GetUtcNow().ToUnixTimeSeconds(),
            ["keys"] = new JsonArray([.. sessionKeys.All.Select(key => (JsonNode)key.Id)]),
        };
        return sql.Settings.SetAsync(name, note.ToJsonString(), cancellationToken);
    }

    protected override void LogError(Exception error) => Log.Failed(logger, error.Message, error);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot record this node in the database")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
