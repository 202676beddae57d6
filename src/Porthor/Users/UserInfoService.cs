using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Tokens;

namespace Porthor.Users;

/// <summary>
/// Collects the information about a user (README.md in this folder, contract/userinfo.md 2): the values of the token's record, the values
/// of the directory for fields that the record does not contain, and the quota.
/// </summary>
/// <param name="options">The settings.</param>
/// <param name="directory">The directory; null if the deployment has none.</param>
/// <param name="ids">The assigned IDs; null if the directory contains the IDs, or if they are stored with the tokens.</param>
/// <param name="quotas">The configured quotas; null if there are none.</param>
/// <param name="overrides">The quotas that administrators have set.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">The logger.</param>
public sealed partial class UserInfoService(
    UserInfoOptions options, IUserDirectory? directory, NumericIds? ids, QuotaPlan? quotas, QuotaOverrides overrides, TimeProvider clock,
    ILogger<UserInfoService> logger)
{
    // A result is cached as long as the record from which it was computed.
    private readonly ConditionalWeakTable<TokenRecord, UserInfoSnapshot> snapshots = [];
    private readonly CachedUserDirectory? cachedDirectory =
        directory is null ? null : new CachedUserDirectory(directory, options.DirectoryCache, clock);

    /// <summary>Returns true if the deployment has a directory.</summary>
    public bool HasDirectory => directory is not null;

    /// <summary>
    /// Returns the user information for a response of forward authentication, like <see cref="TryGetRecent"/>, but queries the sources if
    /// necessary.
    /// </summary>
    /// <param name="record">The record of the token.</param>
    /// <param name="service">The service of the ingress rule. If it is null, the response does not depend on quotas.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="UserDirectoryException">A required value cannot be read from the directory.</exception>
    public async ValueTask<UserInfo> GetRecentAsync(TokenRecord record, string? service, CancellationToken cancellationToken = default)
    {
        var plan = await overrides.GetRecentAsync(cancellationToken);
        if (TryGetCached(record, plan) is { } known)
            return known;
        var snapshot = await CollectAsync(record, plan, RequirementsOf(record.UserData, service, plan), cancellationToken);
        if (snapshot.IsComplete)
            snapshots.AddOrUpdate(record, snapshot);
        return snapshot.User;
    }

    /// <summary>
    /// Returns the user information for a response of forward authentication if it is cached; otherwise null. A change of the quota
    /// overrides takes effect after up to <see cref="QuotaOverrides.Freshness"/>. While the directory is unavailable, values that are not
    /// required may be missing.
    /// </summary>
    public UserInfo? TryGetRecent(TokenRecord record) => overrides.TryGetRecent(out var plan) ? TryGetCached(record, plan) : null;

    /// <summary>Returns the complete user information.</summary>
    /// <exception cref="UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<UserInfo> GetAsync(TokenRecord record, CancellationToken cancellationToken = default)
    {
        var plan = await overrides.GetAsync(cancellationToken);
        var requirements = new FreshnessRequirements(FreshnessRequirement.Recent, FreshnessRequirement.Recent);
        return (await CollectAsync(record, plan, requirements, cancellationToken)).User;
    }

    /// <summary>
    /// Returns the names of a user's groups, which determine the scopes of a login (contract/userinfo.md 5). Values in their grace period
    /// are not used, because the scopes remain after the values have expired.
    /// </summary>
    /// <param name="username">The user.</param>
    /// <param name="stored">The values of the login provider, which will be stored with the token.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<IReadOnlyList<string>> GetGroupNamesAsync(
        string username, UserData stored, CancellationToken cancellationToken = default)
    {
        if (stored.Groups is { Count: > 0 } groups)
            return [.. groups.Select(group => group.Name)];
        if (cachedDirectory is null)
            return [];
        var gid = stored.Gid;
        if (gid is null && cachedDirectory.ProvidesGid)
            gid = (await cachedDirectory.GetUserAsync(username, FreshnessRequirement.Current, cancellationToken))?.Value.Gid;
        var listed = await cachedDirectory.GetGroupsAsync(username, FreshnessRequirement.Current, cancellationToken);
        var names = listed!.Value.Value.Select(group => group.Name);
        if (gid is { } number)
        {
            var primary = await cachedDirectory.GetGroupNameAsync(number, username, FreshnessRequirement.Current, cancellationToken);
            if (primary?.Value is { } name)
                names = names.Append(name);
        }
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Removes a user from the directory cache, so that a corrected entry is used immediately.</summary>
    public void RemoveFromCache(string username) => cachedDirectory?.Remove(username);

    private UserInfo? TryGetCached(TokenRecord record, QuotaPlan? plan) =>
        snapshots.TryGetValue(record, out var known) && ReferenceEquals(known.Overrides, plan)
        && (known.Until == long.MaxValue || (clock.GetTimestamp() < known.Until && known.Removals == cachedDirectory!.Removals))
            ? known.User
            : null;

    /// <summary>Represents the user information that was collected for a record.</summary>
    /// <param name="User">The user information.</param>
    /// <param name="Overrides">The overrides of quotas that were applied; null if there were none.</param>
    /// <param name="Until">The time at which it must be collected again, as a timestamp of the clock.</param>
    /// <param name="Removals">The value of <see cref="CachedUserDirectory.Removals"/> before the collection.</param>
    /// <param name="IsComplete">False if a value is missing that was not required.</param>
    private sealed record UserInfoSnapshot(UserInfo User, QuotaPlan? Overrides, long Until, int Removals, bool IsComplete);
}
