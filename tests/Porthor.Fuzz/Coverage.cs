using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Porthor.Fuzz;

/// <summary>
/// Records which branches an input took and how often, as instrumented assemblies report it. Without instrumentation there are no reports,
/// and no input is new.
/// </summary>
internal sealed unsafe class Coverage : IDisposable
{
    private const int Size = 64 * 1024;

    private readonly byte* map = (byte*)NativeMemory.AllocZeroed(Size);
    private readonly byte[] seen = new byte[Size];

    /// <summary>Must be called before any code of the instrumented assemblies runs.</summary>
    public Coverage() => Trace.SharedMem = map;

    /// <summary>The number of different branch pairs so far.</summary>
    public int Reached => Size - seen.AsSpan().Count((byte)0);

    public void Begin()
    {
        new Span<byte>(map, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Returns true if the input took a branch for the first time or more often than any input before.</summary>
    public bool EndsWithNewBranch()
    {
        var isNew = false;
        var span = new ReadOnlySpan<byte>(map, Size);
        for (var i = span.IndexOfAnyExcept((byte)0); i >= 0;)
        {
            var bit = CountBit(span[i]);
            if ((seen[i] & bit) == 0)
            {
                seen[i] |= bit;
                isNew = true;
            }
            var next = span[(i + 1)..].IndexOfAnyExcept((byte)0);
            i = next < 0 ? -1 : i + 1 + next;
        }
        return isNew;
    }

    public void Dispose() => NativeMemory.Free(map);

    /// <summary>Maps a count to a bit for its order of magnitude.</summary>
    private static byte CountBit(byte count) => count switch
    {
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };
}
