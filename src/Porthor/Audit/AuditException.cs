namespace Porthor.Audit;

/// <summary>
/// The exception that stops an audit, because a repair would destroy valid data. The message is for the operator.
/// </summary>
public sealed class AuditException(string message) : Exception(message);
