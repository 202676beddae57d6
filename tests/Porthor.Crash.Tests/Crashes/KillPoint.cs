using Porthor.Testing;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// Where a node is killed: at a message on its way to or from a store, before it has passed or right after. Statements of
/// PostgreSQL travel under names that say nothing, and its answers tell what was done; Redis' commands can be read.
/// </summary>
internal sealed record KillPoint(string Name, Store Store, Func<FaultyWire.Piece, bool> Matches, bool Before)
{
    private static readonly KillPoint[] AtTheLedger =
    [
        new("the commit was made, and the node has not heard of it", Store.Ledger, piece => !piece.ToServer && piece.Contains("COMMIT\0"u8), Before: true),
        new("the node has heard of the commit", Store.Ledger, piece => !piece.ToServer && piece.Contains("COMMIT\0"u8), Before: false),
        new("something was to be asked of the ledger", Store.Ledger, piece => piece.ToServer, Before: true),
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
    public Task PlanAsync(Node node, int occurrence) => WireOf(node).InterruptAt(Matches, occurrence, Before, node.KillAsync);

    public void Forget(Node node) => WireOf(node).DoNotInterrupt();

    private FaultyWire WireOf(Node node) => Store == Store.Vault ? node.Vault! : node.Ledger;

    private static bool IsDeletion(FaultyWire.Piece piece) => piece.Contains("\r\nDEL\r\n"u8) || piece.Contains("\r\nUNLINK\r\n"u8);
}
