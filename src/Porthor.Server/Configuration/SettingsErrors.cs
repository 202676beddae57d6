namespace Porthor.Server.Configuration;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Key">The setting, as a path of keys in the file's spelling; empty for what concerns several.</param>
/// <param name="Value">What was given; null if nothing was, or if it is a secret.</param>
/// <param name="Problem">What is wrong, or what is allowed.</param>
internal sealed record SettingsError(string Key, string? Value, string Problem)
{
    public override string ToString() => (Key, Value) switch
    {
        ("", _) => Problem,
        (_, null) => $"{Key}: {Problem}",
        _ => $"{Key}: '{Value}': {Problem}",
    };
}

/// <summary>Collects everything that is wrong, so that an operator need not find it one start at a time.</summary>
internal sealed class SettingsErrors(SettingsScope need)
{
    private readonly List<SettingsError> faults = [];

    public IReadOnlyList<SettingsError> All => faults;

    /// <summary>Notes a fault, once: a setting may be looked at for several reasons.</summary>
    public void Add(string key, string? value, string problem)
    {
        var fault = new SettingsError(key, value, problem);
        if (!faults.Contains(fault))
            faults.Add(fault);
    }

    /// <summary>
    /// Notes that something is missing which usually comes from a variable. What is run for the stores alone, such as a job
    /// that updates the schema, is not given all of them.
    /// </summary>
    public void AddMissing(string key, string problem)
    {
        if (need == SettingsScope.Serving)
            Add(key, value: null, problem);
    }

    /// <summary>A fault of several settings together.</summary>
    public void Add(string problem) => Add("", value: null, problem);

    public void ThrowIfAny(string source)
    {
        if (faults.Count > 0)
            throw new SettingsException(source, faults);
    }
}

/// <summary>The configuration cannot be used. The message lists every fault, one a line, and shows no secret.</summary>
internal sealed class SettingsException(string source, IReadOnlyList<SettingsError> faults)
    : Exception($"{source} cannot be used:{string.Concat(faults.Select(fault => $"\n  {fault}"))}")
{
    public IReadOnlyList<SettingsError> Faults { get; } = faults;
}
