using System.Globalization;
using Porthor.Identity;

namespace Porthor.Users;

/// <summary>Represents an ID that other software has assigned.</summary>
/// <param name="Kind">The kind of the ID.</param>
/// <param name="Name">The name of the user or group.</param>
/// <param name="Id">The ID.</param>
public sealed record IdEntry(IdKind Kind, string Name, long Id);

/// <summary>
/// Represents IDs that other software has assigned and that are imported. They are read from lines of the form <c>kind,name,id</c>, where
/// the kind is <c>user</c>, <c>group</c> or <c>counter</c>. The ID of a counter is the next number that the other software would have
/// assigned.
/// </summary>
public sealed class IdImport
{
    private const string Header = "kind,name,id";

    private readonly Dictionary<string, long> counters = [];

    private IdImport(IReadOnlyList<IdEntry> entries) => Entries = entries;

    /// <summary>Returns the IDs of users and groups.</summary>
    public IReadOnlyList<IdEntry> Entries { get; }

    /// <summary>Returns the minimum value of each counter, so that no imported ID is assigned again.</summary>
    public IReadOnlyDictionary<string, long> Counters => counters;

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="errors">The errors in the text, each with its line number; empty if there are none.</param>
    public static IdImport Read(TextReader text, out IReadOnlyList<string> errors)
    {
        List<string> found = [];
        List<IdEntry> entries = [];
        var import = new IdImport(entries);
        Dictionary<(IdKind, string), int> names = [];
        Dictionary<(IdKind, long), int> numbers = [];
        for (var number = 1; text.ReadLine() is { } line; number++)
        {
            if (line.Trim().Length == 0 || (number == 1 && line.Trim() == Header))
                continue;
            if (import.ReadLine(line, out var error) is { } entry)
            {
                error = FindDuplicate(names, (entry.Kind, entry.Name), "name", number)
                    ?? FindDuplicate(numbers, (entry.Kind, entry.Id), "id", number);
            }
            else
            {
                entry = null;
            }
            if (error is not null)
                found.Add($"line {number.ToString(CultureInfo.InvariantCulture)}: {error}");
            else if (entry is not null)
                entries.Add(entry);
        }
        foreach (var entry in entries)
            import.IncreaseFor(entry);
        errors = found;
        return import;
    }

    private IdEntry? ReadLine(string line, out string? error)
    {
        string[] fields = line.Split(',', StringSplitOptions.TrimEntries);
        error = null;
        if (fields is not [var kind, var name, var text])
            error = $"'{line}' is not kind,name,id";
        else if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == 0)
            error = $"'{text}' is not a positive integer";
        else if (kind == "counter" && IdRange.All.Any(range => range.Counter == name))
            Increase(name, id);
        else if (kind == "user" && UserRules.IsUsername(name))
            return new IdEntry(IdKind.User, name, id);
        else if (kind == "group" && UserRules.IsGroupName(name))
            return new IdEntry(IdKind.Group, name, id);
        else
            error = kind is "user" or "group" or "counter"
                ? $"'{name}' cannot be the name of a {kind}"
                : $"'{kind}' is not user, group or counter";
        return null;
    }

    private static string? FindDuplicate<TKey>(Dictionary<TKey, int> seen, TKey key, string what, int line)
        where TKey : notnull =>
        seen.TryAdd(key, line) ? null : string.Create(CultureInfo.InvariantCulture, $"the {what} is in line {seen[key]} already");

    private void IncreaseFor(IdEntry entry)
    {
        foreach (var range in entry.Kind == IdKind.Group ? [IdRange.Groups] : (IdRange[])[IdRange.Users, IdRange.Bots])
        {
            if (entry.Id >= range.First && (range.End is null || entry.Id < range.End))
                Increase(range.Counter, entry.Id + 1);
        }
    }

    private void Increase(string counter, long next) => counters[counter] = Math.Max(next, counters.GetValueOrDefault(counter));
}
