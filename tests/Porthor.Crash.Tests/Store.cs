namespace Porthor.Crash.Tests;

/// <summary>The stores that an answer can depend on.</summary>
[Flags]
internal enum Store
{
    None = 0,
    Ledger = 1,
    Vault = 2,
    Both = Ledger | Vault,
}
