using System.Globalization;
using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Requests per minute (contract/ingress.md 8, 16; deviations 17). RAT-001 to RAT-006.</summary>
public sealed class RateLimitTests(IngressServers servers) : IClassFixture<IngressServers>
{
    [Theory, EveryMode]
    public async Task Requests_are_counted_until_the_quota_is_exceeded(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var bearer = await BearerAsync(server, "counted", "foo");

        // The default of one, plus one for the group.
        (await server.AuthorizeAsync("?service=test", bearer)).ShouldHaveRemaining(2, remaining: 1);
        (await server.AuthorizeAsync("?service=test", bearer)).ShouldHaveRemaining(2, remaining: 0);
        var refused = await server.AuthorizeAsync("?service=test", bearer);
        refused.ShouldBeError(403, 429, "rate_limited", "Rate limit (2/minute) exceeded");
        refused.Header("X-RateLimit-Remaining").ShouldBe("0");
        refused.Header("WWW-Authenticate").ShouldBeNull();
        var reset = long.Parse(refused.Header("X-RateLimit-Reset")!, CultureInfo.InvariantCulture);
        (reset - server.Now).ShouldBeInRange(1, 61);
        DateTimeOffset.ParseExact(refused.Header("Retry-After")!, "R", CultureInfo.InvariantCulture).ToUnixTimeSeconds().ShouldBe(reset);

        // Each service has a separate counter, and services without a quota are not counted.
        (await server.AuthorizeAsync("?service=other", bearer)).ShouldHaveRemaining(5, remaining: 4);
        (await server.AuthorizeAsync("?service=free", bearer)).Header("X-RateLimit-Limit").ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_quota_of_zero_denies_and_a_bypass_removes_limits(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var bearer = await BearerAsync(server, "blocked-one", "other");
        (await server.AuthorizeAsync("?service=blocked", bearer))
            .ShouldBeError(403, 403, "insufficient_scope", "User blocked-one not allowed to access service blocked");
        var unlimited = await BearerAsync(server, "important", "vips");
        (await server.AuthorizeAsync("?service=blocked", unlimited)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?service=test", unlimited)).Header("X-RateLimit-Limit").ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_wrong_secret_does_not_count_against_a_quota(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("victim", "read:all", UserData.None);
        var forged = ("Authorization", $"Bearer gt-{browser.Key.Value}.{new string('x', 22)}");
        for (var i = 0; i < 5; i++)
            (await server.AuthorizeAsync("?service=test", forged)).StatusCode.ShouldBe(401);
        (await server.AuthorizeAsync("?service=test", TestServer.Bearer(browser.Session))).ShouldHaveRemaining(1, remaining: 0);
    }

    /// <summary>A request that started with the old quota does not count for the new one.</summary>
    [Theory, EveryMode]
    public async Task An_override_applies_from_the_next_request_on(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode, settings => settings with
        {
            Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 5 } } },
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("bounded", "read:all", UserData.None)).Record.Token);
        async Task<Answer> AuthorizeAsync() =>
            await server.GetAsync(
                "/ingress/auth?scope=read:all&service=test", ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"),
                bearer);
        for (var used = 1; used <= 3; used++)
            (await AuthorizeAsync()).ShouldHaveRemaining(5, remaining: 5 - used);

        await server.Core.QuotaOverrides.SetAsync(new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 2 } } });
        (await AuthorizeAsync()).ShouldHaveRemaining(2, remaining: 1);
        await server.Core.QuotaOverrides.DeleteAsync();
        (await AuthorizeAsync()).ShouldHaveRemaining(5, remaining: 1);
    }

    /// <summary>A request is counted with cached data, but never decided by them.</summary>
    [Theory, EveryMode]
    public async Task A_token_revoked_on_another_node_is_denied_despite_cached_data(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("gone", "read:all", UserData.None);
        var bearer = TestServer.Bearer(browser.Session);
        (await server.AuthorizeAsync("?service=other", bearer)).ShouldHaveRemaining(5, remaining: 4);
        await using (var transaction = await server.Host.Core.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), default))
        {
            await server.Host.Core.RecordStore.Within(transaction).DeleteAsync([browser.Key], default);
            await transaction.CommitAsync(default);
        }
        (await server.AuthorizeAsync("?service=other", bearer)).StatusCode.ShouldBe(401);
    }

    private static async Task<(string, string)> BearerAsync(ApiServer server, string username, string group) =>
        TestServer.Bearer(
            (await server.LogInAsync(username, "read:all", UserData.None with { Groups = [new Group(group, 1000)] })).Session);
}

internal static class RateAssertions
{
    public static void ShouldHaveRemaining(this Answer answer, long limit, long remaining)
    {
        answer.ShouldBeAllowed();
        string Header(string name) => answer.Header($"X-RateLimit-{name}")!;
        (Header("Limit"), Header("Remaining"), Header("Used")).ShouldBe(($"{limit}", $"{remaining}", $"{limit - remaining}"));
        Header("Resource").ShouldNotBeEmpty();
        Header("Reset").ShouldNotBeEmpty();
    }
}
