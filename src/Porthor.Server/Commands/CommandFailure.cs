namespace Porthor.Server.Commands;

/// <summary>Represents the failure of a command. The message states the reason in one sentence.</summary>
/// <param name="exitCode">1 for a failure, 2 for wrong usage.</param>
internal sealed class CommandFailure(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
