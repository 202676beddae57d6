namespace Porthor.Server.Values;

/// <summary>Finds the known name that is most similar to a mistyped one.</summary>
internal static class SpellingSuggestion
{
    private const int ShortNameLength = 4;

    /// <summary>Returns the most similar name; null if none is similar.</summary>
    public static string? Find(string given, IEnumerable<string> names)
    {
        var maxDistance = given.Length <= ShortNameLength ? 1 : 2;
        return names
            .Select(
                name => (Name: name, Distance: string.Equals(name, given, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(name, given)))
            .Where(candidate => candidate.Distance <= maxDistance)
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>Returns the Levenshtein distance of two texts.</summary>
    private static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var current = new int[right.Length + 1];
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[^1];
    }
}
