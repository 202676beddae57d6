namespace Porthor.Users;

/// <summary>How much an answer hangs on what the directory says.</summary>
internal enum FreshnessRequirement
{
    /// <summary>The answer would be the same without: the directory is asked, but not waited for while it is away.</summary>
    None,

    /// <summary>What was known before the directory went away will do, for a while.</summary>
    Recent,

    /// <summary>Nothing will do but what the directory says, or said within the usual life of such knowledge.</summary>
    Current,
}
