using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Http;

/// <summary>
/// Represents the fields of a submitted form in UTF-8. The routes differ in the following:
/// <list type="bullet">
/// <item>The login form of local users must be a form (otherwise status 415), and each field must occur exactly once (400).</item>
/// <item>For the pages, another body is a form without fields, so that the CSRF check fails (403). NUL characters
/// are an error (400).</item>
/// <item>For the token endpoint, another body or a form that exceeds a limit is a form without fields, so that a parameter is missing
/// (RFC 6749 section 5.2). The names of fields are case-sensitive; for the other routes, their case is ignored.</item>
/// </list>
/// </summary>
internal sealed class FormFields
{
    private readonly Dictionary<string, StringValues> values;

    private FormFields(Dictionary<string, StringValues> values) => this.values = values;

    /// <summary>Gets a form without fields.</summary>
    public static FormFields Empty { get; } = new([]);

    /// <summary>
    /// Reads the form of a request. Returns a form without fields if the body has another media type; its parameters are ignored.
    /// </summary>
    /// <param name="limits">The number and the sizes of the fields.</param>
    /// <param name="namesIgnoreCase">False if the names of fields are case-sensitive.</param>
    /// <exception cref="InvalidDataException">The form exceeds a limit.</exception>
    public static async Task<FormFields> ReadAsync(
        HttpRequest request, FormOptions limits, bool namesIgnoreCase, CancellationToken cancellationToken)
    {
        if (!ContentType.MediaTypeOf(request.ContentType).Equals(ContentType.Form, StringComparison.OrdinalIgnoreCase))
            return Empty;
        using var reader = new FormReader(request.Body)
        {
            ValueCountLimit = limits.ValueCountLimit,
            KeyLengthLimit = limits.KeyLengthLimit,
            ValueLengthLimit = limits.ValueLengthLimit,
        };
        var fields = await reader.ReadFormAsync(cancellationToken);
        return new(namesIgnoreCase ? fields : new(fields, StringComparer.Ordinal));
    }

    /// <summary>Gets whether a name or a value contains a NUL character.</summary>
    public bool HasNul => values.Any(pair =>
        pair.Key.Contains('\0', StringComparison.Ordinal) || pair.Value.Any(value => value!.Contains('\0', StringComparison.Ordinal)));

    /// <summary>Returns all values of a field.</summary>
    public IEnumerable<string> All(string name) => ((IEnumerable<string?>)values.GetValueOrDefault(name)).OfType<string>();

    /// <summary>Returns the last value of a field, which may be empty; null if the field is missing.</summary>
    public string? Find(string name) => All(name).LastOrDefault();

    /// <summary>Gets the last value of a field; null if it is missing or empty.</summary>
    public string? this[string name] => Find(name) is { Length: > 0 } value ? value : null;
}
