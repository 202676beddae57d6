namespace Porthor.Sql;

/// <summary>The token index refused a row, because the user has a token of that name. Whoever sent the row knows the name.</summary>
internal sealed class DuplicateNameException(Exception cause) : Exception("The name is taken.", cause);
