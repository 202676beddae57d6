using Microsoft.AspNetCore.WebUtilities;

namespace Porthor.Server.Http;

/// <summary>
/// Represents the query of a request. Names are case-sensitive, in contrast to the query of the framework, except for pages: they ignore
/// the case. If a parameter occurs more than once, the last value is used, except for lists.
/// </summary>
internal sealed class QueryParameters
{
    private readonly Dictionary<string, List<string>> values;
    private readonly List<string> names = [];

    public QueryParameters(HttpRequest request, bool ignoresCase = false)
    {
        values = new(ignoresCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (var (name, value) in Pairs(request.QueryString))
        {
            if (!values.TryGetValue(name, out var all))
            {
                values[name] = all = [];
                names.Add(name);
            }
            all.Add(value);
        }
    }

    /// <summary>Gets the names of all parameters, each once, in their order.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>
    /// Gets the parameters whose value is not empty, each once, in their order. Forms send unfilled fields as empty texts.
    /// </summary>
    public IEnumerable<KeyValuePair<string, string>> NotEmpty =>
        names.Select(name => KeyValuePair.Create(name, Find(name)!)).Where(parameter => parameter.Value.Length > 0);

    /// <summary>Returns a value, which may be empty; null if it is missing.</summary>
    public string? Find(string name) => values.GetValueOrDefault(name)?[^1];

    /// <summary>Returns all values of a parameter; null if it is missing.</summary>
    public IReadOnlyList<string>? All(string name) => values.GetValueOrDefault(name);

    /// <summary>Gets a value; null if it is missing or empty.</summary>
    public string? this[string name] => Find(name) is { Length: > 0 } value ? value : null;

    /// <summary>Returns all parameters of a query in their order.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(QueryString query)
    {
        foreach (var pair in new QueryStringEnumerable(query.Value))
            yield return new(pair.DecodeName().ToString(), pair.DecodeValue().ToString());
    }
}
