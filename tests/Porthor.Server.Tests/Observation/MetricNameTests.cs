using System.Text.Json;
using System.Text.RegularExpressions;
using Porthor.Testing;
using YamlDotNet.RepresentationModel;

namespace Porthor.Server.Tests.Observation;

/// <summary>
/// Dashboards and alerts depend on the names of metrics and their labels, which <c>metrics.txt</c> in this folder lists. An intended change
/// also requires changes of the dashboard and the rules in <c>deploy</c> and a changelog entry.
/// </summary>
public sealed partial class MetricNameTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Observation");

    [Fact]
    public async Task The_names_and_labels_of_metrics_are_unchanged()
    {
        var lines = string.Join('\n', Describe(await FetchAllAsync())) + "\n";
        lines.ShouldBe(
            await File.ReadAllTextAsync(Path.Combine(Folder, "metrics.txt"), TestContext.Current.CancellationToken), customMessage: lines);
    }

    /// <summary>The dashboard and the alerts use only existing metrics. Otherwise panels would be empty and alerts never fire.</summary>
    [Fact]
    public async Task The_dashboard_and_the_alerts_use_only_existing_metrics()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var expressions = Expressions().ToList();
        expressions.Count.ShouldBeGreaterThan(40);
        var known = Type.Matches(await FetchAllAsync() + await FetchServerMetricsAsync())
            .SelectMany(type => type.Groups["type"].Value == "histogram"
                ? (string[])[$"{type.Groups["name"].Value}_bucket", $"{type.Groups["name"].Value}_count",
                    $"{type.Groups["name"].Value}_sum"]
                : [type.Groups["name"].Value])
            // A metric of Prometheus itself for each scraped server.
            .Append("up").ToHashSet();
        foreach (var expression in expressions)
        {
            var named = MetricsIn(expression);
            named.ShouldNotBeEmpty(expression);
            foreach (var name in named)
                known.ShouldContain(name, expression);
        }
    }

    /// <summary>Returns the Prometheus expressions of the dashboard and the rules.</summary>
    private static IEnumerable<string> Expressions()
    {
        var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "porthor.json"))).RootElement;
        foreach (var panel in dashboard.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _)))
        {
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
                yield return target.GetProperty("expr").GetString()!;
        }
        var rules = new YamlStream();
        rules.Load(new StringReader(File.ReadAllText(Path.Combine(Folder, "porthor.rules.yml"))));
        foreach (var group in (YamlSequenceNode)rules.Documents[0].RootNode["groups"])
        {
            foreach (var rule in (YamlSequenceNode)group["rules"])
                yield return ((YamlScalarNode)rule["expr"]).Value!;
        }
    }

    /// <summary>Returns the names in an expression that are not labels, functions, operators or numbers.</summary>
    private static IReadOnlyList<string> MetricsIn(string expression)
    {
        var withoutLabels = NoMetric.Replace(expression, " ");
        return [.. Name.Matches(withoutLabels).Where(name => !Functions.Contains(name.Value)).Select(name => name.Value)];
    }

    /// <summary>Returns one line for each metric: its name, type, labels and description.</summary>
    private static List<string> Describe(string fetched)
    {
        var helps = Help.Matches(fetched).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["text"].Value);
        return
        [
            .. from Match type in Type.Matches(fetched)
               let name = type.Groups["name"].Value
               let labels = Regex.Matches(
                   fetched, $@"^{name}(_count)?\{{(?<labels>[^}}]*)\}}", RegexOptions.Multiline | RegexOptions.ExplicitCapture,
                   TimeSpan.FromSeconds(1))
                   .SelectMany(sample => Label.Matches(sample.Groups["labels"].Value).Select(label => label.Groups["name"].Value))
                   .Distinct().Order(StringComparer.Ordinal)
               orderby name
               select $"{name} {type.Groups["type"].Value} {{{string.Join(',', labels)}}} {helps.GetValueOrDefault(name)}",
        ];
    }

    private static readonly HashSet<string> Functions = ["sum", "rate", "increase", "histogram_quantile", "max", "time", "topk", "and"];

    /// <summary>Matches label conditions, ranges, and grouping labels.</summary>
    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", RegexOptions.None, 1000)]
    private static partial Regex NoMetric { get; }

    [GeneratedRegex("[a-z_][a-z0-9_]*", RegexOptions.None, 1000)]
    private static partial Regex Name { get; }

    [GeneratedRegex("^# TYPE (?<name>\\S+) (?<type>\\w+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Type { get; }

    [GeneratedRegex("^# HELP (?<name>\\S+) (?<text>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Help { get; }

    [GeneratedRegex("(?<name>\\w+)=\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label { get; }
}
