using Microsoft.AspNetCore.WebUtilities;

namespace Porthor.Server.Http;

/// <summary>
/// Represents the query of a request with case-sensitive names, in contrast to the query of the framework. If a parameter occurs more than
/// once, the last value is used.
/// </summary>
internal sealed class QueryParameters
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public QueryParameters(HttpRequest request)
    {
        foreach (var parameter in new QueryStringEnumerable(request.QueryString.Value))
            values[parameter.DecodeName().ToString()] = parameter.DecodeValue().ToString();
    }

    /// <summary>Returns a value, which may be empty; null if it is missing.</summary>
    public string? Find(string name) => values.GetValueOrDefault(name);

    /// <summary>Gets a value; null if it is missing or empty.</summary>
    public string? this[string name] => values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
}
