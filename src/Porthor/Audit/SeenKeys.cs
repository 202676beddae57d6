using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Porthor.Tokens;

namespace Porthor.Audit;

/// <summary>
/// Contains the keys without a row that the scan of the record store has returned, because a scan may return the same key twice. If the
/// token index was lost, there may be a million keys, so only a hash of 16 bytes is stored for each key.
/// </summary>
internal sealed class SeenKeys
{
    private readonly HashSet<UInt128> seen = [];

    /// <summary>Adds a key. Returns false if it was added before.</summary>
    public bool Add(TokenKey key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(key.Value.AsSpan()), hash);
        return seen.Add(MemoryMarshal.Read<UInt128>(hash));
    }
}
