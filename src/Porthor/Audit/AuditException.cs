namespace Porthor.Audit;

/// <summary>The audit would do more harm than good. The text is for the operator.</summary>
public sealed class AuditException(string message) : Exception(message);
