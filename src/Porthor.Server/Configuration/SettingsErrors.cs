namespace Porthor.Server.Configuration;

/// <summary>Represents an error in the configuration.</summary>
/// <param name="Key">The path of the setting, as written in the file; empty if the error concerns several settings.</param>
/// <param name="Value">The configured value; null if there is none or if it is secret.</param>
/// <param name="Problem">The error, or the allowed values.</param>
internal sealed record SettingsError(string Key, string? Value, string Problem)
{
    public override string ToString() => (Key, Value) switch
    {
        ("", _) => Problem,
        (_, null) => $"{Key}: {Problem}",
        _ => $"{Key}: '{Value}': {Problem}",
    };
}

/// <summary>Collects all errors of the configuration, so that one start reports all of them.</summary>
internal sealed class SettingsErrors(SettingsScope need)
{
    private readonly List<SettingsError> errors = [];

    public IReadOnlyList<SettingsError> All => errors;

    /// <summary>Adds an error, unless the same error was added before.</summary>
    public void Add(string key, string? value, string problem)
    {
        var error = new SettingsError(key, value, problem);
        if (!errors.Contains(error))
            errors.Add(error);
    }

    /// <summary>
    /// Adds an error for a missing setting that usually comes from a variable. The error is not added for commands that need only the
    /// stores, for example a job that updates the schema, because such a job does not have all variables.
    /// </summary>
    public void AddMissing(string key, string problem)
    {
        if (need == SettingsScope.Serving)
            Add(key, value: null, problem);
    }

    /// <summary>Adds an error that concerns several settings.</summary>
    public void Add(string problem) => Add("", value: null, problem);

    public void ThrowIfAny(string source)
    {
        if (errors.Count > 0)
            throw new SettingsException(source, errors);
    }
}

/// <summary>Represents an invalid configuration. The message lists each error on its own line, without secrets.</summary>
internal sealed class SettingsException(string source, IReadOnlyList<SettingsError> errors)
    : Exception($"{source} cannot be used:{string.Concat(errors.Select(error => $"\n  {error}"))}")
{
    public IReadOnlyList<SettingsError> Errors { get; } = errors;
}
