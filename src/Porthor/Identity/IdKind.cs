namespace Porthor.Identity;

/// <summary>Whose numbers they are. A user and a group of the same name have nothing to do with each other.</summary>
public enum IdKind
{
    User,
    Group,
}

/// <param name="IsNew">False if the name had its number already.</param>
public readonly record struct AssignedId(long Id, bool IsNew);
