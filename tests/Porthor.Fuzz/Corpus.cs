using System.Globalization;
using System.Text;

namespace Porthor.Fuzz;

/// <summary>Reads and writes inputs, one on each line. Bytes other than plain ASCII are written as <c>%XX</c>.</summary>
internal static class Corpus
{
    /// <summary>The line of an empty input.</summary>
    private const string EmptyInput = "%";

    public static string PathOf(string folder, FuzzTarget target) => Path.Combine(folder, $"{target.Name}.txt");

    public static List<byte[]> Read(string folder, FuzzTarget target) =>
        File.Exists(PathOf(folder, target)) ? [.. File.ReadLines(PathOf(folder, target)).Where(line => line.Length > 0).Select(Parse)] : [];

    public static void Add(string folder, FuzzTarget target, byte[] input) =>
        File.AppendAllText(PathOf(folder, target), Write(input) + "\n");

    public static string Write(byte[] input)
    {
        if (input.Length == 0)
            return EmptyInput;
        var line = new StringBuilder();
        foreach (var b in input)
        {
            if (b is > 32 and < 127 and not (byte)'%')
                line.Append((char)b);
            else
                line.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }
        return line.ToString();
    }

    private static byte[] Parse(string line)
    {
        List<byte> input = [];
        for (var i = 0; line != EmptyInput && i < line.Length; i++)
        {
            if (line[i] != '%')
            {
                input.Add((byte)line[i]);
                continue;
            }
            input.Add(byte.Parse(line.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            i += 2;
        }
        return [.. input];
    }
}
