using System.Globalization;
using Porthor.Secrets;
using Porthor.Server.Values;
using Porthor.Values;
using YamlDotNet.RepresentationModel;

namespace Porthor.Server.Configuration;

// The values of a section, one method for each type. If a setting has a variable, the variable takes precedence over the file.
internal sealed partial class SettingsSection
{
    /// <summary>The maximum number of characters of a URL, as in the reference.</summary>
    public const int LongestUrl = 2083;

    /// <summary>Variables whose values may have several lines: a key in PEM, and a list in JSON.</summary>
    private static readonly string[] MultilineVariables = ["OIDC_SERVER_KEY", "OIDC_SERVER_CLIENTS"];

    /// <summary>
    /// Reads a text. If a variable can set it, line breaks at the end are removed, because files and shells add them, and other control
    /// characters are an error.
    /// </summary>
    public string? Text(string key, string? variable = null)
    {
        var node = Find(key);
        if (variable is not null && environment.Get(variable) is { } given)
            return WithoutControlCharacters(key, variable, given);
        switch (node)
        {
            case null:
                return null;
            case YamlScalarNode { Value: { } value }:
                return variable is null ? value : WithoutControlCharacters(key, variable, value);
            default:
                AddError(key, value: null, "Input should be a valid string");
                return null;
        }
    }

    private string? WithoutControlCharacters(string key, string variable, string value)
    {
        var text = value.TrimEnd('\r', '\n');
        var isMultiline = MultilineVariables.Contains(variable);
        if (!text.Any(c => char.IsControl(c) && !(isMultiline && c is '\r' or '\n' or '\t')))
            return text;
        AddError(key, value: null, "must not contain control characters, except line breaks at its end");
        return null;
    }

    /// <summary>Returns whether a value is present. The value can be invalid.</summary>
    public bool IsGiven(string key, string? variable = null) =>
        (variable is not null && environment.Get(variable) is not null) || Find(key) is not (null or YamlScalarNode { Value: "" });

    /// <summary>Returns whether the value is a list in the file, and the variable is not set.</summary>
    public bool IsList(string key, string variable) => environment.Get(variable) is null && Find(key) is YamlSequenceNode;

    /// <summary>Reads a required text. Returns an empty text and adds an error if it is missing.</summary>
    public string RequiredText(string key, string? variable = null)
    {
        if (Text(key, variable) is { Length: > 0 } value)
            return value;
        if (variable is null)
            AddError(key, value: null, "Field required");
        else
            Missing(key, $"Field required (or set PORTHOR_{variable})");
        return "";
    }

    /// <summary>Reads a required text that may be empty. Returns an empty text and adds an error if it is missing.</summary>
    public string RequiredTextOrEmpty(string key, string variable)
    {
        if (Text(key, variable) is { } value)
            return value;
        Missing(key, $"Field required (or set PORTHOR_{variable}); it may be empty");
        return "";
    }

    /// <summary>Reads a text that is never printed. Returns null if it is missing or empty.</summary>
    public Secret? Secret(string key, string? variable = null) =>
        Text(key, variable)?.TrimEnd('\r', '\n') is { Length: > 0 } value ? new Secret(value) : null;

    /// <summary>Reads a required secret.</summary>
    public Secret RequiredSecret(string key, string variable) => new(RequiredText(key, variable));

    public bool Flag(string key, bool otherwise = false)
    {
        if (Text(key) is not { } text)
            return otherwise;
        if (BooleanText.Parse(text) is { } flag)
            return flag;
        AddError(key, text, "Input should be a valid boolean: true or false");
        return otherwise;
    }

    public long? Integer(string key) =>
        Parsed(
            key,
            text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : (long?)null,
            "Input should be a valid integer");

    public double? Number(string key) =>
        Parsed(
            key,
            text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
                ? value
                : (double?)null,
            "Input should be a valid number");

    public TimeSpan? Span(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (text.Trim().Length == 0)
            return TimeSpan.Zero;
        if (Duration.TryParse(text) is { } span)
        {
            if (span >= TimeSpan.Zero && span <= Duration.Longest)
                return span;
            AddError(key, text, $"must be a time span from 0 to {Duration.Longest.TotalDays} days");
            return null;
        }
        AddError(key, text, $"Could not parse '{text}' as a time duration; write seconds, or for example 30d or 1h 30m");
        return null;
    }

    /// <summary>Reads an http or https URL with a host. Returns null if it is missing or invalid. An invalid URL adds an error.</summary>
    public Uri? HttpUrl(string key, string? variable = null)
    {
        if (Text(key, variable) is not { Length: > 0 } text)
            return null;
        if (text.Length <= LongestUrl && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url.Host.Length > 0)
            return url;
        AddError(key, text, "must be an http:// or https:// URL with a host");
        return null;
    }

    /// <summary>Reads a list of texts. Returns null if it is missing.</summary>
    public IReadOnlyList<string>? Texts(string key) => Find(key) is { } node ? TextsOf(node, PathOf(key)) : null;

    /// <summary>Reads a map from names to texts. Returns null if it is missing.</summary>
    public IReadOnlyDictionary<string, string>? TextMap(string key)
    {
        if (Find(key) is null)
            return null;
        Dictionary<string, string> map = [];
        foreach (var (name, node) in Map(key))
        {
            if (node is YamlScalarNode { Value: { } value })
                map[name] = value;
            else
                errors.Add($"{PathOf(key)}.{name}", value: null, "Input should be a valid string");
        }
        return map;
    }

    /// <summary>Reads a map from names to integers.</summary>
    public IReadOnlyDictionary<string, long> IntegerMap(string key)
    {
        Dictionary<string, long> map = [];
        foreach (var (name, node) in Map(key))
        {
            if (node is YamlScalarNode scalar
                && long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
                map[name] = value;
            else
                errors.Add($"{PathOf(key)}.{name}", (node as YamlScalarNode)?.Value, "Input should be a valid integer");
        }
        return map;
    }

    /// <summary>Reads a map from names to lists of texts, or of sections that <paramref name="ofSection"/> converts to texts.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? TextListMap(string key, Func<SettingsSection, string?>? ofSection = null)
    {
        if (Find(key) is null)
            return null;
        Dictionary<string, IReadOnlyList<string>> map = [];
        foreach (var (name, node) in Map(key))
            map[name] = TextsOf(node, $"{PathOf(key)}.{name}", ofSection) ?? [];
        return map;
    }

    /// <summary>Reads a list of networks in CIDR notation without host bits.</summary>
    public IReadOnlyList<AddressBlock> Networks(string key)
    {
        List<AddressBlock> networks = [];
        foreach (var text in Texts(key) ?? [])
        {
            try
            {
                networks.Add(AddressBlock.Parse(text));
            }
            catch (FormatException e)
            {
                AddError(key, text, e.Message);
            }
        }
        return networks;
    }

    /// <summary>Reads a list of at most 1000 origins: scheme, host and an optional port.</summary>
    public IReadOnlyList<WebOrigin> Origins(string key)
    {
        const int most = 1000;
        var texts = Texts(key) ?? [];
        if (texts.Count > most)
            AddError(key, value: null, $"must have at most {most} entries");
        List<WebOrigin> origins = [];
        foreach (var text in texts)
        {
            if (WebOrigin.TryParse(text) is { } origin)
                origins.Add(origin);
            else
                AddError(key, text, "must be an origin, such as https://app.example.com or https://app.example.com:8443");
        }
        return origins;
    }

    private List<string>? TextsOf(YamlNode node, string where, Func<SettingsSection, string?>? ofSection = null)
    {
        if (node is not YamlSequenceNode list)
        {
            errors.Add(where, (node as YamlScalarNode)?.Value, "Input should be a valid list");
            return null;
        }
        List<string> texts = [];
        foreach (var item in list.Children)
        {
            var text = item switch
            {
                YamlScalarNode { Value: { } value } => value,
                YamlMappingNode mapping when ofSection is not null => ofSection(new SettingsSection(mapping, where, environment, errors)),
                _ => null,
            };
            if (text is not null)
                texts.Add(text);
            else
                errors.Add(where, value: null, "Input should be a valid string");
        }
        return texts;
    }

    private T? Parsed<T>(string key, Func<string, T?> parse, string problem)
        where T : struct
    {
        if (Text(key) is not { } text)
            return null;
        if (parse(text) is { } value)
            return value;
        AddError(key, text, problem);
        return null;
    }
}
