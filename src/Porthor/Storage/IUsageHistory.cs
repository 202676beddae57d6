using Porthor.History;

namespace Porthor.Storage;

/// <summary>The history of uses: what passed with which token, when, and from where.</summary>
public interface IUsageHistory : IHistorySource<UsageFilter, TokenUsage>
{
    /// <summary>
    /// Adds uses, and sets when their tokens were last used. What is there already for the same token, service, address and
    /// minute is not added again, so that a batch whose outcome is unknown may be written once more. A token whose row another
    /// has locked is passed over.
    /// </summary>
    Task AddAsync(IReadOnlyList<TokenUsage> uses, CancellationToken cancellationToken);
}
