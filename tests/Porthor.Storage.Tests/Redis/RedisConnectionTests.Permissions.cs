using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Redis;

public sealed partial class RedisConnectionTests
{
    /// <summary>The permissions for the record store in docs/operators/redis.md.</summary>
    private static readonly string[] Permissions = ["ping", "select", "getex", "get", "mget", "set", "del", "scan", "eval", "evalsha",
        "script|load", "info", "role", "getdel", "exists"];

    [Fact]
    public async Task The_permissions_in_the_documentation_are_sufficient()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await PermitAsync(redis, Permissions);
        await ShouldWorkAsync(redis, WithUser);
        (await redis.SendAsync("ACL", "LOG")).ShouldBe("0 element(s)");
    }

    /// <summary>If a required command is not permitted, the reason names it. Without an optional command Porthor is ready.</summary>
    [Theory]
    [InlineData("info", null)]
    [InlineData("role", null)]
    [InlineData("info,role", null)]
    [InlineData("getex", null)]
    [InlineData("get", "NOPERM")]
    [InlineData("ping", "NOPERM")]
    [InlineData("select", "NOPERM")]
    [InlineData("del", "NOPERM")]
    [InlineData("evalsha", "NOPERM")]
    [InlineData("set", "NOPERM")]
    public async Task A_missing_permission_is_named_if_the_command_is_required(string missing, string? reason)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await PermitAsync(redis, Permissions.Except(missing.Split(',')));
        if (reason is null)
        {
            var logs = await ShouldWorkAsync(redis, WithUser);
            if (missing.StartsWith("info", StringComparison.Ordinal))
                logs.Lines.ShouldContain(
                    line => line.Message.Contains("does not permit INFO", StringComparison.Ordinal)
                        && line.Message.Contains("NOPERM", StringComparison.Ordinal));
        }
        else
        {
            await ShouldFailAsync(redis, WithUser, reason, missing);
        }
    }

    private static RedisOptions WithUser(RedisOptions options) =>
        options with { Database = 7, User = "porthor", Password = new Secret("hidden-one") };

    private static Task PermitAsync(RedisServerProcess redis, IEnumerable<string> commands) => redis.SendAsync(
        "ACL",
        ["SETUSER", "porthor", "on", ">hidden-one", "~token:*", "~quota-overrides", "~LIMITS:*", "~oidc:*", "~porthor:once:*",
            "+client|setname", "+client|id", .. commands.Select(command => $"+{command}"), "+incrby", "+pttl", "+pexpire"]);
}
