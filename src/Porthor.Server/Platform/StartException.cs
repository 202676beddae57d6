namespace Porthor.Server.Platform;

/// <summary>Represents an error because of which the program cannot start. The message states the cause and the correction.</summary>
internal sealed class StartException(string message, Exception? cause = null) : Exception(message, cause);
