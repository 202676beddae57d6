using Porthor.Identity;

namespace Porthor.Storage;

/// <summary>Where assigned numbers are kept, for good.</summary>
public interface IIdStore
{
    /// <summary>Null if the name has no number.</summary>
    Task<long?> FindAsync(IdKind kind, string name, CancellationToken cancellationToken);

    /// <summary>The number of a name; the next of the range, in one transaction, if it has none.</summary>
    /// <exception cref="UserDirectoryException">The range has no more, or no counter.</exception>
    Task<AssignedId> AssignAsync(IdKind kind, string name, IdRange range, CancellationToken cancellationToken);
}
