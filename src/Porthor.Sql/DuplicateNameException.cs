namespace Porthor.Sql;

/// <summary>
/// Represents a violation of the unique constraint for token names. The caller has sent the row, and adds the name to the error message.
/// </summary>
internal sealed class DuplicateNameException(Exception cause) : Exception("The name is already used.", cause);
