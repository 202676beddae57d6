namespace Porthor.Identity;

/// <summary>Represents a group of a user.</summary>
/// <param name="Name">The name.</param>
/// <param name="Id">The GID.</param>
public sealed record Group(string Name, long Id);

/// <summary>
/// Represents the user data that is stored with a token. A value takes precedence over all other sources; if it is null, other sources are
/// used. For <see cref="Groups"/>, null and an empty list are different in the stored record (contract/tokens.md 3.1).
/// </summary>
public sealed record UserData
{
    /// <summary>Contains no values: all values are read from other sources.</summary>
    public static readonly UserData None = new();

    /// <summary>Returns the full name of the user; null if it is not stored.</summary>
    public string? Name { get; init; }

    /// <summary>Returns the email address of the user; null if it is not stored.</summary>
    public string? Email { get; init; }

    /// <summary>Returns the UID of the user; null if it is not stored.</summary>
    public long? Uid { get; init; }

    /// <summary>Returns the GID of the user's primary group; null if it is not stored.</summary>
    public long? Gid { get; init; }

    /// <summary>Returns the groups of the user; null if they are not stored.</summary>
    public IReadOnlyList<Group>? Groups { get; init; }

    /// <summary>Returns true if all values are equal, including the order of the groups.</summary>
    public bool Equals(UserData? other) =>
        other is not null
        && (Name, Email, Uid, Gid) == (other.Name, other.Email, other.Uid, other.Gid)
        && (Groups is null ? other.Groups is null : other.Groups is not null && Groups.SequenceEqual(other.Groups));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Email, Uid, Gid, Groups?.Count);
}
