namespace Porthor.Identity;

/// <summary>Identifies whether an ID belongs to a user or to a group. A user and a group of the same name are independent.</summary>
public enum IdKind
{
    /// <summary>The ID is the UID of a user.</summary>
    User,
    /// <summary>The ID is the GID of a group.</summary>
    Group,
}

/// <summary>Represents the ID of a name.</summary>
/// <param name="Id">The ID.</param>
/// <param name="IsNew">True if the ID was assigned by this call; false if the name had it before.</param>
public readonly record struct AssignedId(long Id, bool IsNew);
