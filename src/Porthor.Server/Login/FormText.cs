namespace Porthor.Server.Login;

/// <summary>Encodes parameters in the form of HTML forms, in which a blank is a plus sign.</summary>
internal static class FormText
{
    /// <summary>Appends parameters to an address, after the parameters that it has.</summary>
    public static string AddTo(string address, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(parameter => $"{Encode(parameter.Key)}={Encode(parameter.Value)}"));
        return $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}";
    }

    private static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
