using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Porthor.Values;

namespace Porthor.Server.Commands;

/// <summary>Specifies the format in which a command prints a list.</summary>
internal enum ListFormat
{
    /// <summary>A table that fits the width of the terminal. Cells are shortened, except keys and times.</summary>
    Table,

    /// <summary>A JSON array, with the fields of the API.</summary>
    Json,

    /// <summary>A table with all columns, in which nothing is shortened.</summary>
    Wide,
}

/// <summary>Represents a column of a printed list.</summary>
/// <param name="IsWhole">True if the cells are never shortened, so that they can be copied.</param>
/// <param name="IsWideOnly">True if only the wide table has the column.</param>
internal sealed record ListColumn<T>(string Name, Func<T, string> ValueOf, bool IsWhole = false, bool IsWideOnly = false);

/// <summary>Represents the <c>--output</c> option of commands that print lists, and prints the lists.</summary>
internal sealed class ListOutput
{
    private const int DefaultWidth = 80;
    private const int ShortestCell = 6;
    private const string Gap = "  ";
    private static readonly string[] FormatNames = ["table", "json", "wide"];

    private readonly Option<ListFormat?> format = new("--output", "-o")
    {
        Description = "table, json or wide [default: table on a terminal; otherwise all columns, separated by tabs]",
        HelpName = "FORMAT",
        CustomParser = result =>
        {
            if (result.Tokens is not [{ Value: var text }])
                return null;
            if (Array.IndexOf(FormatNames, text) is >= 0 and var index)
                return (ListFormat)index;
            result.AddError($"--output takes table, json or wide, not '{text}'");
            return null;
        },
    };

    public static ListOutput AddTo(Command command)
    {
        var output = new ListOutput();
        output.format.CompletionSources.Add(FormatNames);
        command.Options.Add(output.format);
        return output;
    }

    /// <summary>Prints rows in the selected format.</summary>
    public void Write<T>(
        ParseResult parsed, IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, Action<Utf8JsonWriter, T> writeJson)
    {
        switch (parsed.GetValue(format))
        {
            case ListFormat.Json:
                WriteJson(writer =>
                {
                    writer.WriteStartArray();
                    foreach (var row in rows)
                        writeJson(writer, row);
                    writer.WriteEndArray();
                });
                break;
            case null when Console.IsOutputRedirected:
                foreach (var row in rows)
                    Console.Out.WriteLine(string.Join('\t', columns.Select(column => column.ValueOf(row))));
                break;
            case ListFormat.Wide:
                WriteTable(rows, columns, int.MaxValue);
                break;
            default:
                WriteTable(
                    rows, [.. columns.Where(column => !column.IsWideOnly)], Console.IsOutputRedirected ? int.MaxValue : TerminalWidth());
                break;
        }
    }

    /// <summary>Prints one row: a line for each column, or a JSON object.</summary>
    public void WriteOne<T>(ParseResult parsed, T row, IReadOnlyList<ListColumn<T>> columns, Action<Utf8JsonWriter, T> writeJson)
    {
        if (parsed.GetValue(format) == ListFormat.Json)
        {
            WriteJson(writer => writeJson(writer, row));
            return;
        }
        var width = columns.Max(column => column.Name.Length);
        foreach (var column in columns)
            Console.Out.WriteLine($"{column.Name.PadRight(width)}{Gap}{column.ValueOf(row)}".TrimEnd());
    }

    /// <summary>Formats a table as lines of text.</summary>
    /// <param name="width">The maximum number of characters in a line.</param>
    public static IEnumerable<string> Layout<T>(IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, int width)
    {
        List<string[]> cells =
            [[.. columns.Select(column => column.Name)], .. rows.Select(row => columns.Select(column => column.ValueOf(row)).ToArray())];
        var widths = Enumerable.Range(0, columns.Count).Select(index => cells.Max(row => LengthOf(row[index]))).ToArray();
        Shrink(widths, columns.Select(column => column.IsWhole).ToArray(), width - (Gap.Length * (columns.Count - 1)));
        return cells.Select(row => string.Join(Gap, row.Select((cell, index) => Fit(cell, widths[index]))).TrimEnd());
    }

    private static void WriteTable<T>(IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, int width)
    {
        foreach (var line in Layout(rows, columns, width))
            Console.Out.WriteLine(line);
    }

    private static void WriteJson(Action<Utf8JsonWriter> write)
    {
        using var output = Console.OpenStandardOutput();
        output.Write(ReferenceJson.Write(write).Span);
        output.Write("\n"u8);
    }

    /// <summary>Shortens the widest column that can be shortened, until the table fits or no column can be shortened further.</summary>
    private static void Shrink(int[] widths, bool[] isWhole, int available)
    {
        while (widths.Sum() > available)
        {
            var widest = Enumerable.Range(0, widths.Length).Where(index => !isWhole[index] && widths[index] > ShortestCell)
                .OrderByDescending(index => widths[index]).Cast<int?>().FirstOrDefault();
            if (widest is not { } index)
                return;
            widths[index]--;
        }
    }

    private static string Fit(string cell, int width)
    {
        var length = LengthOf(cell);
        return length <= width ? cell + new string(' ', width - length) : new StringInfo(cell).SubstringByTextElements(0, width - 1) + "…";
    }

    private static int LengthOf(string text) => new StringInfo(text).LengthInTextElements;

    private static int TerminalWidth() => Console.WindowWidth > 0 ? Console.WindowWidth : DefaultWidth;
}
