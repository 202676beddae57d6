using Porthor.History;

namespace Porthor.Storage;

/// <summary>
/// Reads, truncates and extends the usage history. Each entry contains a token, the service for which it was used, the time, and the
/// address of the client.
/// </summary>
public interface IUsageHistory : IHistorySource<UsageFilter, TokenUsage>
{
    /// <summary>
    /// Adds usage events, and sets the time of the last usage of their tokens. An event is not added if the history already contains one
    /// with the same token, service, address and minute, so a batch can be sent again if its result is unknown. If another transaction has
    /// locked the row of a token, the time of its last usage is not changed.
    /// </summary>
    Task AddAsync(IReadOnlyList<TokenUsage> events, CancellationToken cancellationToken);
}
