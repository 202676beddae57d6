using System.Text;
using Porthor.Server.Values;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Porthor.Server.Configuration;

/// <summary>
/// Represents a section of the configuration file while it is read. It records which keys were read, so that <see cref="Finish"/> can
/// report the unknown ones. If a value is invalid, the reading method adds an error to the common list and returns null or the default.
/// </summary>
internal sealed partial class SettingsSection
{
    private readonly Dictionary<string, (string Written, YamlNode Node)> entries = [];
    private readonly HashSet<string> known = [];
    private readonly SettingsErrors errors;
    private readonly EnvironmentVariables environment;
    private readonly string path;

    private SettingsSection(YamlMappingNode mapping, string path, EnvironmentVariables environment, SettingsErrors errors)
    {
        this.path = path;
        this.environment = environment;
        this.errors = errors;
        foreach (var (key, node) in mapping.Children)
        {
            var written = (key as YamlScalarNode)?.Value ?? key.ToString();
            if (!entries.TryAdd(Camel(written), (written, node)))
                errors.Add(PathOf(written), value: null, "given twice");
        }
    }

    /// <summary>Parses the text of a file. Text that is not a YAML mapping is an error.</summary>
    public static SettingsSection Parse(string yaml, EnvironmentVariables environment, SettingsErrors errors)
    {
        var root = new YamlMappingNode();
        try
        {
            var duplicates = YamlDuplicates.Find(yaml);
            foreach (var (path, first, line) in duplicates)
                errors.Add($"{path} is set twice, in line {first} and in line {line}");
            if (duplicates.Count > 0)
                return new SettingsSection(root, "", environment, errors);
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents is [{ RootNode: YamlMappingNode mapping }])
                root = mapping;
            else if (stream.Documents.Count > 0)
                errors.Add("the file must contain settings, as 'key: value'");
        }
        catch (YamlException e)
        {
            errors.Add($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}");
        }
        return new SettingsSection(root, "", environment, errors);
    }

    /// <summary>Returns a subsection; null if it is missing, or if its marker is missing, empty or false.</summary>
    /// <param name="marker">The key without which the section is ignored (contract/configuration.md 1).</param>
    public SettingsSection? Section(string key, string? marker = null)
    {
        if (Find(key) is not { } node)
            return null;
        if (node is not YamlMappingNode mapping)
        {
            // Helm charts write an empty section as an empty text.
            if (node is not YamlScalarNode { Value: "" })
                AddError(key, value: null, "must be a section of settings");
            return null;
        }
        if (marker is not null && !IsMarked(mapping, marker))
        {
            RefuseMistyped(mapping, PathOf(key), marker);
            return null;
        }
        return new SettingsSection(mapping, PathOf(key), environment, errors);
    }

    /// <summary>Returns the entries of a map of sections, whose keys are names that the operator chooses.</summary>
    public IEnumerable<(string Name, SettingsSection Value)> Sections(string key)
    {
        foreach (var (name, node) in Map(key))
        {
            if (node is YamlMappingNode mapping)
                yield return (name, new SettingsSection(mapping, $"{PathOf(key)}.{name}", environment, errors));
            else
                errors.Add($"{PathOf(key)}.{name}", value: null, "must be a section of settings");
        }
    }

    /// <summary>Returns the entries of a list of sections.</summary>
    public IEnumerable<SettingsSection> List(string key)
    {
        if (Find(key) is not { } node)
            yield break;
        if (node is not YamlSequenceNode list)
        {
            AddError(key, value: null, "Input should be a valid list");
            yield break;
        }
        foreach (var (index, item) in list.Children.Index())
        {
            if (item is YamlMappingNode mapping)
                yield return new SettingsSection(mapping, $"{PathOf(key)}[{index}]", environment, errors);
            else
                errors.Add($"{PathOf(key)}[{index}]", value: null, "must be a section of settings");
        }
    }

    /// <summary>Adds an error for each key that was not read, because it is unknown.</summary>
    public void Finish()
    {
        foreach (var (name, (written, _)) in entries)
        {
            if (!known.Contains(name))
                errors.Add(PathOf(written), value: null, Unknown(SpellingSuggestion.Find(name, known.Except(entries.Keys))));
        }
    }

    public void AddError(string key, string? value, string problem) => errors.Add(PathOf(key), value, problem);

    /// <inheritdoc cref="SettingsErrors.AddMissing"/>
    public void Missing(string key, string problem) => errors.AddMissing(PathOf(key), problem);

    private IEnumerable<(string Name, YamlNode Value)> Map(string key)
    {
        if (Find(key) is not { } node)
            yield break;
        if (node is not YamlMappingNode mapping)
        {
            AddError(key, value: null, "Input should be a valid dictionary");
            yield break;
        }
        foreach (var (name, value) in mapping.Children)
            yield return ((name as YamlScalarNode)?.Value ?? name.ToString(), value);
    }

    /// <summary>Returns whether the key is present with null or an empty text.</summary>
    public bool IsNullOrEmpty(string key)
    {
        known.Add(key);
        return entries.TryGetValue(key, out var entry) && (IsNull(entry.Node) || entry.Node is YamlScalarNode { Value: "" });
    }

    /// <summary>Returns the value of a key; null if the key is absent or the value is null.</summary>
    private YamlNode? Find(string key)
    {
        known.Add(key);
        return entries.TryGetValue(key, out var entry) && !IsNull(entry.Node) ? entry.Node : null;
    }

    private string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>Adds an error if a section is ignored only because its marker is misspelled.</summary>
    private void RefuseMistyped(YamlMappingNode mapping, string where, string marker)
    {
        var keys = mapping.Children.Keys.Select(key => (key as YamlScalarNode)?.Value ?? "").ToArray();
        if (!keys.Any(key => Camel(key) == marker) && SpellingSuggestion.Find(marker, keys) is { } mistyped)
            errors.Add($"{where}.{mistyped}", value: null, Unknown(marker));
    }

    private static string Unknown(string? meant) => $"Extra inputs are not permitted{(meant is null ? "" : $". Did you mean {meant}?")}";

    private static bool IsMarked(YamlMappingNode mapping, string marker)
    {
        var node = mapping.Children.FirstOrDefault(child => Camel((child.Key as YamlScalarNode)?.Value ?? "") == marker).Value;
        return node switch
        {
            null => false,
            YamlScalarNode scalar => !IsNull(scalar) && scalar.Value is { Length: > 0 }
                && !string.Equals(scalar.Value, "false", StringComparison.OrdinalIgnoreCase),
            YamlMappingNode section => section.Children.Count > 0,
            _ => true,
        };
    }

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" };

    /// <summary>Converts a key in snake case to camel case: <c>base_url</c> is <c>baseUrl</c>.</summary>
    private static string Camel(string key)
    {
        if (!key.Contains('_'))
            return key;
        var camel = new StringBuilder(key.Length);
        foreach (var word in key.Split('_', StringSplitOptions.RemoveEmptyEntries))
            camel.Append(camel.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]);
        return camel.ToString();
    }
}
