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

    private static readonly KillPoint[] AtTheLedger =
    [
        new("the commit was made, and the node has not heard of it", Store.Ledger, IsCommit, Before: true),
        new("the node has heard of the commit", Store.Ledger, IsCommit, Before: false),
        new("the node has heard of the commit, and said so", Store.Ledger, IsCommit, Before: false, MayAnswer: true),
        new("the node has heard of a revocation's commit, and said so", Store.Ledger, piece => IsCommit(piece) && piece.Contains("DELETE "u8), Before: false, MayAnswer: true),
        new("something was to be asked of the ledger", Store.Ledger, piece => piece.ToServer && !piece.Contains("heartbeat"u8), Before: true),
    ];

    private static readonly KillPoint[] AtTheVault =
    [
        new("records were to be deleted", Store.Vault, piece => piece.ToServer && IsDeletion(piece), Before: true),
        new("records were deleted", Store.Vault, piece => piece.ToServer && IsDeletion(piece), Before: false),
        new("a record was to be written", Store.Vault, piece => piece.ToServer && piece.Contains("\r\nSET\r\n"u8), Before: true),
        new("a record was written", Store.Vault, piece => piece.ToServer && piece.Contains("\r\nSET\r\n"u8), Before: false),
        new("a record was to be replaced", Store.Vault, piece => piece.ToServer && piece.Contains("\r\nEVAL"u8), Before: true),
    ];

    public static KillPoint[] In(Mode mode) => mode == Mode.Cluster ? [.. AtTheVault, .. AtTheLedger] : [.. AtTheLedger];

    /// <summary>Done when the node is dead.</summary>
    public Task PlanAsync(Node node, int occurrence, Forest forest) =>
        WireOf(node).InterruptAt(Matches, occurrence, Before, () => MayAnswer ? KillWhenItHasAnsweredAsync(node, forest) : node.KillAsync());

    /// <summary>False if it is too late to.</summary>
    public bool TryForget(Node node) => WireOf(node).DoNotInterrupt();

    private static async Task KillWhenItHasAnsweredAsync(Node node, Forest forest)
    {
        node.Ledger.Stall();
        node.Vault?.Stall();
        await Task.WhenAny(forest.NextAcknowledgementBy(node.Url), Task.Delay(Patience));
        await node.KillAsync();
        // What it had still to send goes down with it.
        foreach (var wire in node.Vault is null ? [node.Ledger] : (FaultyWire[])[node.Ledger, node.Vault])
        {
            wire.Cut();
            wire.Flow();
        }
    }

    private FaultyWire WireOf(Node node) => Store == Store.Vault ? node.Vault! : node.Ledger;

    private static bool IsCommit(FaultyWire.Piece piece) => !piece.ToServer && piece.Contains("COMMIT\0"u8);

    private static bool IsDeletion(FaultyWire.Piece piece) => piece.Contains("\r\nDEL\r\n"u8) || piece.Contains("\r\nUNLINK\r\n"u8);
}
