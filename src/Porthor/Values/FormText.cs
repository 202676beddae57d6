namespace Porthor.Values;

/// <summary>
/// Encodes parameters as browsers encode HTML forms (<c>application/x-www-form-urlencoded</c>): a blank becomes a plus sign, and all
/// characters except ASCII letters, digits and <c>_.-~</c> become percent codes of their UTF-8 bytes.
/// </summary>
public static class FormText
{
    /// <summary>Encodes a name or a value.</summary>
    public static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    /// <summary>Encodes parameters, separated by ampersands. The result is empty if there are none.</summary>
    public static string Encode(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join('&', parameters.Select(parameter => $"{Encode(parameter.Key)}={Encode(parameter.Value)}"));

    /// <summary>Appends parameters to the query of an address, which may already have one.</summary>
    public static string AddTo(string address, IEnumerable<KeyValuePair<string, string>> parameters) =>
        $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Encode(parameters)}";
}
