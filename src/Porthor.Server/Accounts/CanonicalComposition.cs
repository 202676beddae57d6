using System.Globalization;
using System.Text;

namespace Porthor.Server.Accounts;

/// <summary>
/// Implements Unicode Normalization Form C (UAX 15), because with invariant globalization <c>string.Normalize</c> changes nothing. The
/// data is an embedded file.
/// </summary>
internal sealed class CanonicalComposition
{
    private const string DataName = "nfc.txt";

    /// <summary>A text with only characters below this one is already normalized.</summary>
    private const char FirstAffected = '\u0300';

    // Hangul syllables are computed (The Unicode Standard, section 3.12).
    private const int HangulBase = 0xAC00;
    private const int LeadingBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailingBase = 0x11A7;
    private const int LeadingCount = 19;
    private const int VowelCount = 21;
    private const int TrailingCount = 28;
    private const int HangulCount = LeadingCount * VowelCount * TrailingCount;

    private static readonly Lazy<CanonicalComposition> Data = new(() => new CanonicalComposition());

    private readonly Dictionary<int, int> combiningClasses = [];
    private readonly Dictionary<int, int[]> decompositions = [];
    private readonly Dictionary<(int First, int Second), int> compositions = [];

    private CanonicalComposition()
    {
        using var stream = typeof(CanonicalComposition).Assembly.GetManifestResourceStream(DataName)
            ?? throw new InvalidOperationException($"The assembly has no resource {DataName}.");
        using var reader = new StreamReader(stream, Encoding.ASCII);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
                Add(line);
        }
    }

    /// <summary>Returns the text in Normalization Form C. Unpaired surrogates become U+FFFD, as in UTF-8.</summary>
    public static string Normalize(string text) =>
        text.AsSpan().IndexOfAnyInRange(FirstAffected, char.MaxValue) < 0 ? text : Data.Value.Apply(text);

    private string Apply(string text)
    {
        List<int> points = [];
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Sort(points);
        Compose(points);
        var result = new StringBuilder(points.Count);
        foreach (var point in points)
            result.Append(new Rune(point));
        return result.ToString();
    }

    private void Decompose(int point, List<int> points)
    {
        if (point - HangulBase is >= 0 and < HangulCount and var index)
        {
            points.Add(LeadingBase + (index / (VowelCount * TrailingCount)));
            points.Add(VowelBase + (index / TrailingCount % VowelCount));
            if (index % TrailingCount > 0)
                points.Add(TrailingBase + (index % TrailingCount));
        }
        else if (decompositions.TryGetValue(point, out var parts))
        {
            foreach (var part in parts)
                Decompose(part, points);
        }
        else
            points.Add(point);
    }

    /// <summary>Sorts each sequence of combining characters by their classes, and keeps the order within a class.</summary>
    private void Sort(List<int> points)
    {
        for (var begin = 0; begin < points.Count; begin++)
        {
            var end = begin;
            while (end < points.Count && ClassOf(points[end]) > 0)
                end++;
            if (end - begin < 2)
                continue;
            var sorted = points.GetRange(begin, end - begin).OrderBy(ClassOf).ToList();
            for (var i = 0; i < sorted.Count; i++)
                points[begin + i] = sorted[i];
            begin = end;
        }
    }

    private void Compose(List<int> points)
    {
        var (starter, lastClass, length) = (-1, -1, 0);
        foreach (var point in points.ToList())
        {
            var combiningClass = ClassOf(point);
            // lastClass is the combining class of the last character that was kept after the starter; -1 if there is none.
            if (starter >= 0 && lastClass < combiningClass && TryCompose(points[starter], point, out var composed))
            {
                points[starter] = composed;
                continue;
            }
            points[length] = point;
            (starter, lastClass) = combiningClass == 0 ? (length, -1) : (starter, combiningClass);
            length++;
        }
        points.RemoveRange(length, points.Count - length);
    }

    private bool TryCompose(int first, int second, out int composed)
    {
        composed = 0;
        if (first - LeadingBase is >= 0 and < LeadingCount and var leading && second - VowelBase is >= 0 and < VowelCount and var vowel)
            composed = HangulBase + (((leading * VowelCount) + vowel) * TrailingCount);
        else if (first - HangulBase is >= 0 and < HangulCount and var syllable && syllable % TrailingCount == 0
            && second - TrailingBase is > 0 and < TrailingCount and var trailing)
            composed = first + trailing;
        return composed > 0 || compositions.TryGetValue((first, second), out composed);
    }

    private int ClassOf(int point) => combiningClasses.GetValueOrDefault(point);

    private void Add(string line)
    {
        var parts = line.Split('-', ':', '=', '>', ' ');
        if (line.Contains(':', StringComparison.Ordinal))
        {
            for (var point = Hex(parts[0]); point <= Hex(parts[1]); point++)
                combiningClasses[point] = int.Parse(parts[2], CultureInfo.InvariantCulture);
            return;
        }
        var (composed, decomposed) = (Hex(parts[0]), parts[1..].Select(Hex).ToArray());
        decompositions[composed] = decomposed;
        if (line.Contains('=', StringComparison.Ordinal))
            compositions[(decomposed[0], decomposed[1])] = composed;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
