namespace Porthor.Server.Login;

/// <summary>Parameters in the form of HTML forms, where a blank is a plus.</summary>
internal static class FormText
{
    /// <summary>An address with parameters after those that it has.</summary>
    public static string AddTo(string address, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(parameter => $"{Encode(parameter.Key)}={Encode(parameter.Value)}"));
        return $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}";
    }

    private static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
