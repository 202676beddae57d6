namespace Porthor.Identity;

/// <summary>A group of a user: its name and numeric id.</summary>
public sealed record Group(string Name, long Id);

/// <summary>
/// What is stored about the user with a token. A value that is set wins over any other source; null means that it is
/// looked up when it is needed. For <see cref="Groups"/>, null and an empty list are kept apart (contract/tokens.md 3.1).
/// </summary>
public sealed record UserData
{
    /// <summary>Nothing stored: everything is looked up.</summary>
    public static readonly UserData None = new();

    public string? Name { get; init; }

    public string? Email { get; init; }

    public long? Uid { get; init; }

    public long? Gid { get; init; }

    public IReadOnlyList<Group>? Groups { get; init; }

    public bool Equals(UserData? other) =>
        other is not null
        && (Name, Email, Uid, Gid) == (other.Name, other.Email, other.Uid, other.Gid)
        && (Groups is null ? other.Groups is null : other.Groups is not null && Groups.SequenceEqual(other.Groups));

    public override int GetHashCode() => HashCode.Combine(Name, Email, Uid, Gid, Groups?.Count);
}
