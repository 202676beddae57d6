using Porthor.Testing;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// A point at which a node is killed: before or after a message between it and a store. Commands to Redis identify the operation.
/// Statements to PostgreSQL have prepared names, so its responses identify the operation.
/// </summary>
/// <param name="MayAnswer">True if the node is killed only after it has responded to its client. Until then the connections to its stores
/// are stalled, so that work left for after the response is not done.</param>
internal sealed record KillPoint(string Name, Store Store, Func<FaultyWire.Piece, bool> Matches, bool Before, bool MayAnswer = false)
{
    /// <summary>The time limit of a response that may not come: commits also happen without a client's request.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly KillPoint[] AtTheTokenIndex =
    [
        new("after the commit, before its response", Store.TokenIndex, IsCommit, Before: true),
        new("after the response to the commit", Store.TokenIndex, IsCommit, Before: false),
        new("after the response to the client", Store.TokenIndex, IsCommit, Before: false, MayAnswer: true),
        new(
            "after the response to the client of a revocation", Store.TokenIndex, piece => IsCommit(piece) && piece.Contains("DELETE "u8),
            Before: false, MayAnswer: true),
        new(
            "before a request to the token index", Store.TokenIndex, piece => piece.ToServer && !piece.Contains("heartbeat"u8),
            Before: true),
    ];

    private static readonly KillPoint[] AtTheRecordStore =
    [
        new("before a deletion of records", Store.RecordStore, piece => piece.ToServer && IsDeletion(piece), Before: true),
        new("after a deletion of records", Store.RecordStore, piece => piece.ToServer && IsDeletion(piece), Before: false),
        new("before a record is written", Store.RecordStore, piece => piece.ToServer && piece.Contains("\r\nSET\r\n"u8), Before: true),
        new("after a record was written", Store.RecordStore, piece => piece.ToServer && piece.Contains("\r\nSET\r\n"u8), Before: false),
        new("before a record is replaced", Store.RecordStore, piece => piece.ToServer && piece.Contains("\r\nEVAL"u8), Before: true),
    ];

    public static KillPoint[] In(Mode mode) => mode == Mode.Cluster ? [.. AtTheRecordStore, .. AtTheTokenIndex] : [.. AtTheTokenIndex];

    /// <summary>Plans the kill. The task is completed when the node was killed.</summary>
    public Task PlanAsync(Node node, int occurrence, TokenTree forest) =>
        WireOf(node).InterruptAt(
            Matches, occurrence, Before, () => MayAnswer ? KillWhenItHasAnsweredAsync(node, forest) : node.KillAsync());

    /// <summary>Cancels the planned kill. Returns false if it has already started.</summary>
    public bool TryForget(Node node) => WireOf(node).DoNotInterrupt();

    private static async Task KillWhenItHasAnsweredAsync(Node node, TokenTree forest)
    {
        node.TokenIndex.Stall();
        node.RecordStore?.Stall();
        await Task.WhenAny(forest.NextAcknowledgementBy(node.Url), Task.Delay(Patience));
        await node.KillAsync();
        // Data that the node had not sent yet are lost.
        foreach (var wire in node.RecordStore is null ? [node.TokenIndex] : (FaultyWire[])[node.TokenIndex, node.RecordStore])
        {
            wire.Cut();
            wire.Flow();
        }
    }

    private FaultyWire WireOf(Node node) => Store == Store.RecordStore ? node.RecordStore! : node.TokenIndex;

    private static bool IsCommit(FaultyWire.Piece piece) => !piece.ToServer && piece.Contains("COMMIT\0"u8);

    private static bool IsDeletion(FaultyWire.Piece piece) => piece.Contains("\r\nDEL\r\n"u8) || piece.Contains("\r\nUNLINK\r\n"u8);
}
