namespace Porthor.Server.Platform;

/// <summary>Specifies whether a command creates a deployment that does not exist.</summary>
internal enum DeploymentUse
{
    /// <summary>The command works on a deployment that exists, and creates nothing.</summary>
    Existing,

    /// <summary>The command creates the data directory and the tables if they do not exist.</summary>
    CreateIfMissing,
}
