namespace Porthor.Server.Configuration;

/// <summary>Refuses control characters in values that are not read from the configuration file.</summary>
internal static class ControlCharacters
{
    private const string Problem = "must not contain control characters";

    /// <summary>Returns the value of a variable, or null and an error if it contains a control character.</summary>
    public static string? Refuse(string value, string variable, SettingsErrors errors) =>
        Refuse(value, variable, $"{Problem}, except line breaks at its end", errors);

    /// <summary>Returns the value of an option, or null and an error if it contains a control character.</summary>
    public static string? RefuseInOption(string value, string option, SettingsErrors errors) => Refuse(value, option, Problem, errors);

    private static string? Refuse(string value, string name, string problem, SettingsErrors errors)
    {
        if (!value.Any(char.IsControl))
            return value;
        errors.Add(name, value: null, problem);
        return null;
    }
}
