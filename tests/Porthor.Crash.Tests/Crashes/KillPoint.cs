using Porthor.Testing;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// A point at which a node is killed: before or after a message between it and a store. Commands to Redis identify the operation.
/// Statements to PostgreSQL have prepared names, so its responses identify the operation.
/// </summary>
/// <param name="AfterResponse">
/// True if the node is killed after it has responded to its client. The connections to its stores are stalled until then, so that the
/// node cannot do work that it leaves for the time after the response.
/// </param>
internal sealed record KillPoint(
    string Name, Store Store, Func<FaultInjectingProxy.Chunk, bool> Matches, bool Before, bool AfterResponse = false)
{
    /// <summary>The maximum wait for the response to the client. There is no response if the commit does not belong to a request.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(1);

    private static readonly KillPoint[] AtTheTokenIndex =
    [
        new("after the commit, before its response", Store.TokenIndex, IsCommit, Before: true),
        new("after the response to the commit", Store.TokenIndex, IsCommit, Before: false),
        new("after the response to the client", Store.TokenIndex, IsCommit, Before: false, AfterResponse: true),
        new(
            "after the response to the client of a revocation", Store.TokenIndex, chunk => IsCommit(chunk) && chunk.Contains("DELETE "u8),
            Before: false, AfterResponse: true),
        new(
            "before a request to the token index", Store.TokenIndex, chunk => chunk.ToServer && !chunk.Contains("heartbeat"u8),
            Before: true),
    ];

    private static readonly KillPoint[] AtTheRecordStore =
    [
        new("before a deletion of records", Store.RecordStore, chunk => chunk.ToServer && IsDeletion(chunk), Before: true),
        new("after a deletion of records", Store.RecordStore, chunk => chunk.ToServer && IsDeletion(chunk), Before: false),
        new("before a record is written", Store.RecordStore, chunk => chunk.ToServer && chunk.Contains("\r\nSET\r\n"u8), Before: true),
        new("after a record was written", Store.RecordStore, chunk => chunk.ToServer && chunk.Contains("\r\nSET\r\n"u8), Before: false),
        new("before a record is replaced", Store.RecordStore, chunk => chunk.ToServer && chunk.Contains("\r\nEVAL"u8), Before: true),
    ];

    public static KillPoint[] In(Mode mode) => mode == Mode.Cluster ? [.. AtTheRecordStore, .. AtTheTokenIndex] : [.. AtTheTokenIndex];

    /// <summary>Plans the kill. The task is completed when the node was killed.</summary>
    public Task PlanAsync(Node node, int occurrence, TokenTree tokenTree) =>
        WireOf(node).InterruptAt(
            Matches, occurrence, Before, () => AfterResponse ? KillAfterResponseAsync(node, tokenTree) : node.KillAsync());

    /// <summary>Cancels the planned kill. Returns false if it has already started.</summary>
    public bool TryCancel(Node node) => WireOf(node).CancelInterruption();

    private static async Task KillAfterResponseAsync(Node node, TokenTree tokenTree)
    {
        node.TokenIndex.Stall();
        node.RecordStore?.Stall();
        await Task.WhenAny(tokenTree.NextAcknowledgementBy(node.Url), Task.Delay(ResponseTimeout));
        await node.KillAsync();
        // Data that the node has not sent yet is lost.
        foreach (var wire in node.RecordStore is null ? [node.TokenIndex] : (FaultInjectingProxy[])[node.TokenIndex, node.RecordStore])
        {
            wire.ResetConnections();
            wire.Resume();
        }
    }

    private FaultInjectingProxy WireOf(Node node) => Store == Store.RecordStore ? node.RecordStore! : node.TokenIndex;

    private static bool IsCommit(FaultInjectingProxy.Chunk chunk) => !chunk.ToServer && chunk.Contains("COMMIT\0"u8);

    private static bool IsDeletion(FaultInjectingProxy.Chunk chunk) => chunk.Contains("\r\nDEL\r\n"u8)
        || chunk.Contains("\r\nUNLINK\r\n"u8);
}
