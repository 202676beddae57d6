namespace Porthor.Fuzz;

/// <summary>Changes an input at random: bits, bytes, parts, and words with a meaning for the parser.</summary>
internal sealed class Mutator(Random random, byte[][] words)
{
    private const int MaxLength = 4096;

    private static readonly byte[] SpecialBytes = [0, 1, 9, 10, 13, 32, 34, 37, 39, 44, 46, 47, 58, 61, 92, 127, 128, 192, 237, 255];

    public byte[] Change(byte[] input, IReadOnlyList<byte[]> others)
    {
        var data = input.ToList();
        for (var changes = 1 + random.Next(6); changes > 0; changes--)
            ChangeOnce(data, others);
        return [.. data.Take(MaxLength)];
    }

    private void ChangeOnce(List<byte> data, IReadOnlyList<byte[]> others)
    {
        var position = random.Next(data.Count + 1);
        var length = Math.Min(random.Next(1, 16), data.Count - position);
        switch (random.Next(9))
        {
            case 0 when position < data.Count:
                data[position] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when position < data.Count:
                data[position] = SpecialBytes[random.Next(SpecialBytes.Length)];
                break;
            case 2:
                data.Insert(position, (byte)random.Next(256));
                break;
            case 3:
                data.RemoveRange(position, length);
                break;
            case 4:
                data.InsertRange(position, data.GetRange(position, length));
                break;
            case 5:
                Repeat(data, position, length);
                break;
            case 6 when others.Count > 0:
                Splice(data, position, others[random.Next(others.Count)]);
                break;
            case 7 when words.Length > 0:
                Overwrite(data, position, words[random.Next(words.Length)]);
                break;
            default:
                data.InsertRange(position, words.Length > 0 ? words[random.Next(words.Length)]
                    : [SpecialBytes[random.Next(SpecialBytes.Length)]]);
                break;
        }
    }

    /// <summary>Repeats a part many times, which reveals quadratic run times.</summary>
    private void Repeat(List<byte> data, int position, int length)
    {
        var part = data.GetRange(position, length);
        for (var times = random.Next(2, 60); times > 0 && data.Count < MaxLength; times--)
            data.InsertRange(position, part);
    }

    private static void Overwrite(List<byte> data, int position, byte[] word)
    {
        data.RemoveRange(position, Math.Min(word.Length, data.Count - position));
        data.InsertRange(position, word);
    }

    /// <summary>Joins the beginning of one input and the end of another.</summary>
    private void Splice(List<byte> data, int position, byte[] other)
    {
        data.RemoveRange(position, data.Count - position);
        data.AddRange(other.AsSpan(random.Next(other.Length + 1)));
    }
}
