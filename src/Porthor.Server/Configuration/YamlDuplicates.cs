using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Porthor.Server.Configuration;

/// <summary>
/// Finds keys that a mapping contains twice. The YAML library reports only the second line, but an operator needs both to find the right
/// value.
/// </summary>
internal static class YamlDuplicates
{
    /// <summary>Returns the path of each repeated key with the numbers of its two lines, counted from 1.</summary>
    /// <exception cref="YamlException">The text is not YAML.</exception>
    public static IReadOnlyList<(string Path, long FirstLine, long Line)> Find(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        List<(string, long, long)> found = [];
        parser.Consume<StreamStart>();
        while (!parser.Accept<StreamEnd>(out _))
        {
            parser.Consume<DocumentStart>();
            Walk(parser, "", found);
            parser.Consume<DocumentEnd>();
        }
        return found;
    }

    private static void Walk(Parser parser, string path, List<(string, long, long)> found)
    {
        if (parser.TryConsume<MappingStart>(out _))
        {
            Dictionary<string, long> lines = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Accept<YamlScalar>(out var scalar) ? scalar.Value : "?";
                var line = parser.Current!.Start.Line;
                Walk(parser, path, found);
                var at = path.Length == 0 ? key : $"{path}.{key}";
                if (scalar is not null && !lines.TryAdd(key, line))
                    found.Add((at, lines[key], line));
                Walk(parser, at, found);
            }
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            while (!parser.TryConsume<SequenceEnd>(out _))
                Walk(parser, path, found);
        }
        else
        {
            parser.MoveNext();
        }
    }
}
