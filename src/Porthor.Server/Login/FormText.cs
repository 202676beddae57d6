namespace Porthor.Server.Login;

/// <summary>
/// Encodes parameters as browsers encode HTML forms (<c>application/x-www-form-urlencoded</c>): a blank becomes a plus sign.
/// </summary>
internal static class FormText
{
    /// <summary>Appends parameters to the query of an address.</summary>
    public static string AddTo(string address, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(parameter => $"{Encode(parameter.Key)}={Encode(parameter.Value)}"));
        return $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}";
    }

    private static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
