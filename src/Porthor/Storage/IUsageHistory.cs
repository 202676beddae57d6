using Porthor.History;

namespace Porthor.Storage;

/// <summary>
/// Reads, truncates and extends the history of token usage: which token was used for which service, when, and from which address.
/// </summary>
public interface IUsageHistory : IHistorySource<UsageFilter, TokenUsage>
{
    /// <summary>
    /// Adds usage events, and sets the last usage time of their tokens. An event that exists for the same token, service, address and
    /// minute is not added again, so that a batch whose result is unknown can be sent again. The last usage time of a token whose row is
    /// locked by another transaction is not changed.
    /// </summary>
    Task AddAsync(IReadOnlyList<TokenUsage> events, CancellationToken cancellationToken);
}
