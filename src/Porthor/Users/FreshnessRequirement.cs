namespace Porthor.Users;

/// <summary>Specifies which values of the directory a response requires.</summary>
internal enum FreshnessRequirement
{
    /// <summary>
    /// The response does not require a value of the directory. The directory is queried, but while it is unavailable, the response does not
    /// wait for it.
    /// </summary>
    None,

    /// <summary>
    /// The response requires a value of the directory. While the directory is unavailable, a cached value within its grace period is
    /// sufficient.
    /// </summary>
    Recent,

    /// <summary>The response requires a value that the directory returned within the lifetime of cached values.</summary>
    Current,
}
