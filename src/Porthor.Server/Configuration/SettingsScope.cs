namespace Porthor.Server.Configuration;

/// <summary>
/// Specifies which part of the configuration a command needs. All other settings may be missing, but must not be invalid.
/// </summary>
internal enum SettingsScope
{
    /// <summary>All settings that the server needs.</summary>
    Serving,

    /// <summary>Only the settings of the stores.</summary>
    Stores,
}
