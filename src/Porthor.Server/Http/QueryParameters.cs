using Microsoft.AspNetCore.WebUtilities;

namespace Porthor.Server.Http;

/// <summary>
/// A request's query, by names as they are written: the framework's own takes <c>Code</c> for <c>code</c>. Of a parameter that is
/// given more than once, the last counts.
/// </summary>
internal sealed class QueryParameters
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public QueryParameters(HttpRequest request)
    {
        foreach (var parameter in new QueryStringEnumerable(request.QueryString.Value))
            values[parameter.DecodeName().ToString()] = parameter.DecodeValue().ToString();
    }

    /// <summary>Null if it is not given, or empty.</summary>
    public string? this[string name] => values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
}
