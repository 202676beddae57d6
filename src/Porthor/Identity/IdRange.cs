namespace Porthor.Identity;

/// <summary>
/// Represents a range of IDs. The IDs are assigned in ascending order, and no ID is assigned twice (contract/userinfo.md 4).
/// </summary>
/// <param name="Counter">The name of the counter that contains the next ID.</param>
/// <param name="First">The first ID of the range.</param>
/// <param name="End">The first ID after the range; null for no end.</param>
/// <param name="Label">The name of the IDs in error messages.</param>
/// <param name="Error">The name of the error if the range is exhausted.</param>
public sealed record IdRange(string Counter, long First, long? End, string Label, string Error)
{
    /// <summary>The UIDs of users that are not bots.</summary>
    public static readonly IdRange Users = new("uid", 3_000_000, End: null, "UID", NoUid);

    /// <summary>The UIDs of bot users.</summary>
    public static readonly IdRange Bots = new("bot-uid", 100_000, 199_999, "bot UID", NoUid);

    /// <summary>The GIDs of groups.</summary>
    public static readonly IdRange Groups = new("gid", 2_000_000, 2_999_999, "GID", "NoAvailableGidError");

    private const string NoUid = "NoAvailableUidError";

    /// <summary>All ranges.</summary>
    public static readonly IReadOnlyList<IdRange> All = [Users, Bots, Groups];

    /// <summary>Returns the range for the UID of a user.</summary>
    public static IdRange OfUser(string username) => UserRules.IsBot(username) ? Bots : Users;

    /// <summary>Checks that an ID belongs to the range.</summary>
    /// <exception cref="UserDirectoryException">The ID is after the end: the range is exhausted.</exception>
    public void Check(long next)
    {
        if (next >= End)
            throw new UserDirectoryException($"Next {Label} {next} out of range (>= {End})", isUnavailable: false) { Name = Error };
    }
}
