using System.Collections;
using System.Reflection;
using System.Text.RegularExpressions;
using Porthor.Server.Configuration;
using Porthor.Usage;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>The files of <c>config/</c>, which operators copy.</summary>
public sealed partial class ShippedFileTests
{
    private static readonly (string, string)[] Secrets =
        [("PORTHOR_SESSION_SECRET", SessionSecret), ("PORTHOR_OIDC_CLIENT_SECRET", "secret")];

    [Fact]
    public void The_unchanged_sample_has_only_defaults() => ShouldBeDefaults(Load(Read("sample.yaml")));

    [Fact]
    public void Every_line_of_the_sample_shows_the_default()
    {
        var uncommented = SettingLine.Replace(Read("sample.yaml"), "");
        uncommented.ShouldContain("\nanswerTimeout: 1\n");
        uncommented.ShouldContain("\n  maxUserLifetime: null\n");
        ShouldBeDefaults(Load(uncommented));
    }

    [Fact]
    public void The_sample_has_every_variable()
    {
        var named = VariableName.Matches(Read("sample.yaml")).Select(match => match.Groups["name"].Value);
        EnvironmentVariables.Names.Except(named).ShouldBe(["CONFIG_PATH", "DATA_DIR"]);
    }

    [Theory]
    [InlineData("embedded", "Embedded")]
    [InlineData("database", "Database")]
    [InlineData("cluster", "Cluster")]
    public void The_minimal_file_of_a_mode_is_complete_and_needs_only_its_secrets(string name, string mode)
    {
        var settings = Load(Read($"{name}.yaml"), Secrets);
        settings.Mode.ToString().ShouldBe(mode);
        settings.BaseUrl!.Host.ShouldBe("tokens.example.com");
        SettingsWarnings.Of(settings).ShouldNotContain(note => note.Contains("proxies contains", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("172.16.0.0/12", true)]
    [InlineData("192.168.0.0/16", true)]
    [InlineData("0.0.0.0/0", true)]
    [InlineData("::/0", true)]
    [InlineData("fd00::/8", true)]
    [InlineData("192.0.2.0/24", false)]
    [InlineData("192.0.2.10", false)]
    [InlineData("127.0.0.0/8", false)]
    [InlineData("2001:db8::/64", false)]
    public void A_large_network_of_proxies_gives_a_warning(string network, bool isNoted)
    {
        var notes = SettingsWarnings.Of(Load($"proxies: ['{network}']"));
        notes.Any(note => note.StartsWith($"proxies contains the network {network}", StringComparison.Ordinal)).ShouldBe(isNoted);
    }

    private static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "config", name));

    private static void ShouldBeDefaults(PorthorSettings settings) =>
        Describe(settings with { ConfigPath = null }).ShouldBe(Describe(Load("") with { ConfigPath = null }));

    /// <summary>
    /// Returns a text of a value with all its content, so that values without equality can be compared. The retention of usage events is
    /// compared by its effective value.
    /// </summary>
    private static string Describe(object? value) => value switch
    {
        null => "null",
        string or Uri or System.Net.IPAddress => $"'{value}'",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Describe).Order(StringComparer.Ordinal))}]",
        _ when value.GetType() is { Namespace: { } name } type
            && (name.StartsWith("Porthor", StringComparison.Ordinal) || type.Name.StartsWith("KeyValuePair", StringComparison.Ordinal))
                && !type.IsEnum =>
            $"{type.Name} {{ {string.Join(", ", DescribeProperties(type, value))} }}",
        _ => value.ToString() ?? "",
    };

    private static IEnumerable<string> DescribeProperties(Type type, object value) =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.GetIndexParameters().Length == 0 && property.Name != nameof(UsageOptions.Retention)
        select $"{property.Name} = {Describe(property.GetValue(value))}";

    /// <summary>Matches the "#" before a setting. A comment has one space after it, an example three or more.</summary>
    [GeneratedRegex(@"^#(?=\S|  \S)", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SettingLine { get; }

    [GeneratedRegex(@"\[(?<name>[A-Z_]+)\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VariableName { get; }
}
