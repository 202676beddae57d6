using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Tokens;

namespace Porthor.Users;

/// <summary>
/// Gathers what is known about a user (README.md in this folder, contract/userinfo.md 2): what their token's record says, what
/// the directory says where the record says nothing, and their quota.
/// </summary>
/// <param name="directory">Null where users are kept nowhere else.</param>
/// <param name="ids">Null where the directory, or whoever makes tokens, numbers users.</param>
public sealed partial class UserInfoService(
    UserInfoOptions options, IUserDirectory? directory, NumericIds? ids, QuotaPlan? quotas, QuotaOverrides overrides, TimeProvider clock,
    ILogger<UserInfoService> logger)
{
    // As long as a record is remembered, so is what follows from it.
    private readonly ConditionalWeakTable<TokenRecord, UserInfoSnapshot> remembered = [];
    private readonly CachedUserDirectory? memory = directory is null ? null : new CachedUserDirectory(directory, options.Memory, clock);

    public bool HasDirectory => directory is not null;

    /// <summary>As <see cref="TryGetRecent"/>, gathering what is missing.</summary>
    /// <param name="service">The service that is asked for. Without one, quotas do not matter to the answer.</param>
    /// <exception cref="UserDirectoryException">The directory cannot tell something that the answer hangs on.</exception>
    public async ValueTask<UserInfo> GetRecentAsync(TokenRecord record, string? service, CancellationToken cancellationToken = default)
    {
        var plan = await overrides.GetRecentAsync(cancellationToken);
        if (TryGetCached(record, plan) is { } known)
            return known;
        var gathered = await GatherAsync(record, plan, NeedsOf(record.UserData, service, plan), cancellationToken);
        if (gathered.IsWhole)
            remembered.AddOrUpdate(record, gathered);
        return gathered.User;
    }

    /// <summary>
    /// What a proxy's question needs to know of a user, if nothing has to be waited for: overrides may have been changed up to
    /// <see cref="QuotaOverrides.Freshness"/> ago, and where the directory is away, what is not needed may be missing.
    /// </summary>
    public UserInfo? TryGetRecent(TokenRecord record) => overrides.TryGetRecent(out var plan) ? TryGetCached(record, plan) : null;

    /// <exception cref="UserDirectoryException">The directory cannot tell.</exception>
    public async Task<UserInfo> GetAsync(TokenRecord record, CancellationToken cancellationToken = default)
    {
        var plan = await overrides.GetAsync(cancellationToken);
        return (await GatherAsync(record, plan, new FreshnessRequirements(FreshnessRequirement.Recent, FreshnessRequirement.Recent), cancellationToken)).User;
    }

    /// <summary>
    /// The names of a user's groups, from which a login's scopes follow (contract/userinfo.md 5). Scopes outlast what they
    /// followed from, so that while the directory is away nobody gets any by what it said before.
    /// </summary>
    /// <param name="stored">What the provider said, and is going to be stored with the token.</param>
    /// <exception cref="UserDirectoryException">The directory cannot tell.</exception>
    public async Task<IReadOnlyList<string>> GetGroupNamesAsync(string username, UserData stored, CancellationToken cancellationToken = default)
    {
        if (stored.Groups is { Count: > 0 } groups)
            return [.. groups.Select(group => group.Name)];
        if (memory is null)
            return [];
        var gid = stored.Gid;
        if (gid is null && memory.TellsGid)
            gid = (await memory.GetUserAsync(username, FreshnessRequirement.Current, cancellationToken))?.Value.Gid;
        var listed = await memory.GetGroupsAsync(username, FreshnessRequirement.Current, cancellationToken);
        var names = listed!.Value.Value.Select(group => group.Name);
        if (gid is { } number && (await memory.GetGroupNameAsync(number, username, FreshnessRequirement.Current, cancellationToken))?.Value is { } primary)
            names = names.Append(primary);
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Forgets what the directory said about a user, so that what is mended there counts at once.</summary>
    public void Forget(string username) => memory?.Forget(username);

    private UserInfo? TryGetCached(TokenRecord record, QuotaPlan? plan) =>
        remembered.TryGetValue(record, out var known) && ReferenceEquals(known.Overrides, plan)
        && (known.Until == long.MaxValue || (clock.GetTimestamp() < known.Until && known.Forgotten == memory!.Forgotten))
            ? known.User
            : null;

    /// <param name="Until">When it must be gathered anew.</param>
    /// <param name="Forgotten">What <see cref="CachedUserDirectory.Forgotten"/> was before.</param>
    /// <param name="IsWhole">False if something is missing that was not needed.</param>
    private sealed record UserInfoSnapshot(UserInfo User, QuotaPlan? Overrides, long Until, int Forgotten, bool IsWhole);
}
