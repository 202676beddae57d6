using Porthor.Testing;
using YamlDotNet.RepresentationModel;

namespace Porthor.Proxies.Tests;

/// <summary>Reads a YAML file of <c>deploy/</c>, for programs that are not run here.</summary>
internal static class DeployedYaml
{
    public static IReadOnlyList<YamlNode> Read(string path)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(ProxyProcess.Source(path));
        stream.Load(reader);
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    /// <summary>Returns the node at a path of keys.</summary>
    public static YamlNode At(this YamlNode node, params string[] keys) => keys.Aggregate(node, (current, key) => current[key]);

    public static string Text(this YamlNode node) => ((YamlScalarNode)node).Value!;

    public static IEnumerable<string> Texts(this YamlNode node) => ((YamlSequenceNode)node).Select(Text);

    public static IEnumerable<(string Name, YamlNode Value)> Entries(this YamlNode node) =>
        ((YamlMappingNode)node).Select(entry => (entry.Key.Text(), entry.Value));
}
