namespace Porthor.Sql;

/// <summary>
/// Represents a violation of the unique constraint for token names. The caller, which has sent the row, has the name for the message.
/// </summary>
internal sealed class DuplicateNameException(Exception cause) : Exception("The name is taken.", cause);
