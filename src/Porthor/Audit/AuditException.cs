namespace Porthor.Audit;

/// <summary>
/// Represents an audit that must not continue, because a repair would destroy valid data. The message is for the operator.
/// </summary>
public sealed class AuditException(string message) : Exception(message);
