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
    public async Task<UserInfo> GetAsync(TokenRecord record, CancellationToken cancellationToken = default)
    {
        var user = record.UserData;
        IReadOnlyList<Group> groups = [.. (user.Groups ?? []).OrderBy(group => group.Name, CodePointOrder.Instance)];
        var quota = QuotaPlan.Effective(quotas, await overrides.GetAsync(cancellationToken), [.. groups.Select(group => group.Name)]);
        var gid = user.Gid ?? (options.GidIsUid ? user.Uid : null);
        return new UserInfo(record.Username, user.Name, user.Email, user.Uid, gid, groups, quota);
    }
}
