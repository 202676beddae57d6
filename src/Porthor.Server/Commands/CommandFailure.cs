namespace Porthor.Server.Commands;

/// <summary>A command cannot do what it was asked, for a reason that one sentence tells.</summary>
/// <param name="exitCode">1 for a failure, 2 for a wrong use.</param>
internal sealed class CommandFailure(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
