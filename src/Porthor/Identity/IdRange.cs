namespace Porthor.Identity;

/// <summary>A range of numbers that are given out one after the other, and never twice (contract/userinfo.md 4).</summary>
/// <param name="Counter">The name of the counter that holds the next number.</param>
/// <param name="End">The first number that is not given out; null for none.</param>
/// <param name="Label">What the numbers are, in errors.</param>
/// <param name="Error">The name of the error that there are no more.</param>
public sealed record IdRange(string Counter, long First, long? End, string Label, string Error)
{
    public static readonly IdRange Users = new("uid", 3_000_000, End: null, "UID", NoUid);

    public static readonly IdRange Bots = new("bot-uid", 100_000, 199_999, "bot UID", NoUid);

    public static readonly IdRange Groups = new("gid", 2_000_000, 2_999_999, "GID", "NoAvailableGidError");

    private const string NoUid = "NoAvailableUidError";

    public static readonly IReadOnlyList<IdRange> All = [Users, Bots, Groups];

    /// <summary>Bots are users in all but the range.</summary>
    public static IdRange OfUser(string username) => UserRules.IsBot(username) ? Bots : Users;

    /// <exception cref="UserDirectoryException">All have been given out.</exception>
    public void Check(long next)
    {
        if (next >= End)
            throw new UserDirectoryException($"Next {Label} {next} out of range (>= {End})", isAway: false) { Name = Error };
    }
}
