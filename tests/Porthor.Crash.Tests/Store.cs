namespace Porthor.Crash.Tests;

/// <summary>The stores that a response can depend on.</summary>
[Flags]
internal enum Store
{
    None = 0,
    TokenIndex = 1,
    RecordStore = 2,
    Both = TokenIndex | RecordStore,
}
