namespace Porthor.Users;

/// <summary>Specifies how far a response depends on the directory.</summary>
internal enum FreshnessRequirement
{
    /// <summary>
    /// The response does not require the directory. It is queried, but the response does not wait while it is unavailable.
    /// </summary>
    None,

    /// <summary>
    /// The response requires a value of the directory. While the directory is unavailable, a cached value in its grace period is
    /// sufficient.
    /// </summary>
    Recent,

    /// <summary>The response requires a value that the directory returned within the lifetime of cached values.</summary>
    Current,
}
