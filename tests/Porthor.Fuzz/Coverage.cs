using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Porthor.Fuzz;

/// <summary>
/// Which branches an input took, and how often, as instrumented assemblies note it. Without instrumentation nothing is noted, and
/// no input is new.
/// </summary>
internal sealed unsafe class Coverage : IDisposable
{
    private const int Size = 64 * 1024;

    private readonly byte* map = (byte*)NativeMemory.AllocZeroed(Size);
    private readonly byte[] seen = new byte[Size];

    /// <summary>Before anything that is instrumented is called.</summary>
    public Coverage() => Trace.SharedMem = map;

    /// <summary>How many pairs of branches were ever seen.</summary>
    public int Reached => Size - seen.AsSpan().Count((byte)0);

    public void Begin()
    {
        new Span<byte>(map, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Did the input go where none has gone, or somewhere as often as none did?</summary>
    public bool EndsWithNews()
    {
        var news = false;
        var span = new ReadOnlySpan<byte>(map, Size);
        for (var i = span.IndexOfAnyExcept((byte)0); i >= 0;)
        {
            var times = Times(span[i]);
            if ((seen[i] & times) == 0)
            {
                seen[i] |= times;
                news = true;
            }
            var next = span[(i + 1)..].IndexOfAnyExcept((byte)0);
            i = next < 0 ? -1 : i + 1 + next;
        }
        return news;
    }

    public void Dispose() => NativeMemory.Free(map);

    /// <summary>Once, twice, a few, many: as a bit.</summary>
    private static byte Times(byte count) => count switch
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
