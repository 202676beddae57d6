using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Porthor.Tokens;

namespace Porthor.Audit;

/// <summary>
/// The keys of records without a row that were met: a scan may show one twice. There may be a million, if the token index was lost, so only
/// 16 bytes of each are kept.
/// </summary>
internal sealed class SeenKeys
{
    private readonly HashSet<UInt128> seen = [];

    /// <summary>False if it was added before.</summary>
    public bool Add(TokenKey key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(key.Value.AsSpan()), hash);
        return seen.Add(MemoryMarshal.Read<UInt128>(hash));
    }
}
