using Porthor.Identity;

namespace Porthor.Storage;

/// <summary>Stores the assigned user IDs and group IDs permanently.</summary>
public interface IIdStore
{
    /// <summary>Returns the ID of a name; null if the name has none.</summary>
    Task<long?> FindAsync(IdKind kind, string name, CancellationToken cancellationToken);

    /// <summary>Returns the ID of a name. If it has none, assigns the next ID of the range, in one transaction.</summary>
    /// <exception cref="UserDirectoryException">The range is exhausted, or its counter is missing.</exception>
    Task<AssignedId> AssignAsync(IdKind kind, string name, IdRange range, CancellationToken cancellationToken);
}
