using System.Runtime.CompilerServices;
using Porthor.Quotas;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Users;

/// <summary>What is known about a user (contract/userinfo.md 1).</summary>
/// <param name="Groups">Ordered by name.</param>
/// <param name="Quota">Null if nothing bounds the user and nothing is configured that would.</param>
public sealed record UserInfo(
    string Username, string? Name, string? Email, long? Uid, long? Gid, IReadOnlyList<Group> Groups, Quota? Quota);

/// <param name="GidIsUid">A user without a gid of their own has their uid as gid, as with GitHub.</param>
public sealed record UserInfoOptions(bool GidIsUid = false);

/// <summary>Gathers what is known about the user of a token (contract/userinfo.md 2): what its record says, and their quota.</summary>
public sealed class UserInfoService(UserInfoOptions options, QuotaPlan? quotas, QuotaOverrides overrides)
{
    // As long as a record is remembered, so is what follows from it.
    private readonly ConditionalWeakTable<TokenRecord, Gathered> remembered = [];

    /// <summary>As <see cref="GetAsync"/>, with overrides that may have been changed up to <see cref="QuotaOverrides.Freshness"/> ago.</summary>
    public async ValueTask<UserInfo> GetRecentAsync(TokenRecord record, CancellationToken cancellationToken = default)
    {
        var plan = await overrides.GetRecentAsync(cancellationToken);
        if (remembered.TryGetValue(record, out var known) && ReferenceEquals(known.Overrides, plan))
            return known.User;
        var user = Gather(record, plan);
        remembered.AddOrUpdate(record, new Gathered(user, plan));
        return user;
    }

    /// <summary>As <see cref="GetRecentAsync"/>, if nothing has to be waited for.</summary>
    public UserInfo? TryGetRecent(TokenRecord record) =>
        overrides.TryGetRecent(out var plan) && remembered.TryGetValue(record, out var known) && ReferenceEquals(known.Overrides, plan)
            ? known.User
            : null;

    public async Task<UserInfo> GetAsync(TokenRecord record, CancellationToken cancellationToken = default) =>
        Gather(record, await overrides.GetAsync(cancellationToken));

#pragma warning disable CA1822 // The directory that these ask is being built.
    /// <summary>The names of a user's groups, from which a login's scopes follow (contract/userinfo.md 5).</summary>
    /// <param name="stored">What the provider said, and is going to be stored with the token.</param>
    /// <exception cref="UserDirectoryException">The directory cannot tell.</exception>
    public Task<IReadOnlyList<string>> GetGroupNamesAsync(string username, UserData stored, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<string>>([.. (stored.Groups ?? []).Select(group => group.Name)]);

    /// <summary>Forgets what the directory said about a user, so that what is mended there counts at once.</summary>
    public void Forget(string username)
    {
    }
#pragma warning restore CA1822

    private UserInfo Gather(TokenRecord record, QuotaPlan? replacing)
    {
        var user = record.UserData;
        IReadOnlyList<Group> groups = [.. (user.Groups ?? []).OrderBy(group => group.Name, CodePointOrder.Instance)];
        var quota = QuotaPlan.Effective(quotas, replacing, [.. groups.Select(group => group.Name)]);
        var gid = user.Gid ?? (options.GidIsUid ? user.Uid : null);
        return new UserInfo(record.Username, user.Name, user.Email, user.Uid, gid, groups, quota);
    }

    private sealed record Gathered(UserInfo User, QuotaPlan? Overrides);
}
