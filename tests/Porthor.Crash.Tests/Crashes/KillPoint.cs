using Porthor.Testing;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// Where a node is killed: at a message on its way to or from a store, before it has passed or right after. Statements of
/// PostgreSQL travel under names that say nothing, and its answers tell what was done; Redis' commands can be read.
/// </summary>
/// <param name="MayAnswer">It lives until it has told its client, but nothing more passes between it and any store: so it shows what it leaves undone when it answers.</param>
internal sealed record KillPoint(string Name, Store Store, Func<FaultyWire.Piece, bool> Matches, bool Before, bool MayAnswer = false)
{
    /// <summary>For an answer that may not be due: also what no client asked for is committed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly KillPoint[] AtTheTokenIndex =
    [
        new("the commit was made, and the node has not heard of it", Store.TokenIndex, IsCommit, Before: true),
        new("the node has heard of the commit", Store.TokenIndex, IsCommit, Before: false),
        new("the node has heard of the commit, and said so", Store.TokenIndex, IsCommit, Before: false, MayAnswer: true),
        new("the node has heard of a revocation's commit, and said so", Store.TokenIndex, piece => IsCommit(piece) && piece.Contains("DELETE "u8), Before: false, MayAnswer: true),
        new("something was to be asked of the ledger", Store.TokenIndex, piece => piece.ToServer && !piece.Contains("heartbeat"u8), Before: true),
    ];

    private static readonly KillPoint[] AtTheRecordStore =
    [
        new("records were to be deleted", Store.RecordStore, piece => piece.ToServer && IsDeletion(piece), Before: true),
        new("records were deleted", Store.RecordStore, piece => piece.ToServer && IsDeletion(piece), Before: false),
        new("a record was to be written", Store.RecordStore, piece => piece.ToServer && piece.Contains("\r\nSET\r\n"u8), Before: true),
        new("a record was written", Store.RecordStore, piece => piece.ToServer && piece.Contains("\r\nSET\r\n"u8), Before: false),
        new("a record was to be replaced", Store.RecordStore, piece => piece.ToServer && piece.Contains("\r\nEVAL"u8), Before: true),
    ];

    public static KillPoint[] In(Mode mode) => mode == Mode.Cluster ? [.. AtTheRecordStore, .. AtTheTokenIndex] : [.. AtTheTokenIndex];

    /// <summary>Done when the node is dead.</summary>
    public Task PlanAsync(Node node, int occurrence, TokenTree forest) =>
        WireOf(node).InterruptAt(Matches, occurrence, Before, () => MayAnswer ? KillWhenItHasAnsweredAsync(node, forest) : node.KillAsync());

    /// <summary>False if it is too late to.</summary>
    public bool TryForget(Node node) => WireOf(node).DoNotInterrupt();

    private static async Task KillWhenItHasAnsweredAsync(Node node, TokenTree forest)
    {
        node.TokenIndex.Stall();
        node.RecordStore?.Stall();
        await Task.WhenAny(forest.NextAcknowledgementBy(node.Url), Task.Delay(Patience));
        await node.KillAsync();
        // What it had still to send goes down with it.
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
