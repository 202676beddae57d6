using Porthor.Audit;
using Porthor.Maintenance;
using Porthor.Operations;

namespace Porthor.Composition;

/// <summary>Contains the services that use one token store.</summary>
public sealed record TokenServices
{
    /// <summary>Returns the operations on tokens.</summary>
    public required TokenService Tokens { get; init; }

    /// <summary>Returns the audit, which compares both stores.</summary>
    public required TokenAudit Audit { get; init; }

    /// <summary>Returns the periodic maintenance.</summary>
    public required TokenMaintenance Maintenance { get; init; }

    /// <summary>Returns the service that encrypts all records again with the first session secret.</summary>
    public required RecordReencryption Reencryption { get; init; }
}
