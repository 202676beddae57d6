using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Every allowed request is recorded as usage (deviations 19).</summary>
public sealed partial class TokenUsageTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Theory, EveryMode]
    public async Task Usage_is_shown_in_the_token_and_in_its_usage_history(Mode mode)
    {
        var clock = new FakeTimeProvider(Noon);
        await using var server = await TestServer.StartAsync(mode, clock: clock);
        var session = await server.Tokens.SessionForAsync("user", "user:token,read:all");
        var token = await server.Tokens.CreateUserTokenAsync(
            session, "user", new UserTokenRequest("laptop", session.Scopes, Expires: null));
        var path = $"/auth/api/v1/users/user/tokens/{token.Key}";
        var bearer = TestServer.Bearer(token);

        // A token without usage has no such fields.
        await server.Core.Usage!.WriteAsync(TestContext.Current.CancellationToken);
        (await server.GetAsync(path, bearer)).Json.TryGetProperty("last_used", out _).ShouldBeFalse();
        (await server.GetAsync(path + "/auth-history", bearer)).Body.ShouldBe("[]");

        // Two requests in a minute for one service, one for another, one without a service; and a denied request, which is not recorded.
        foreach (var query in (string[])["?service=tap", "?service=tap", "?service=portal", ""])
            (await GetStatusAsync(server, query, bearer)).ShouldBe(200);
        (await GetStatusAsync(server, "?service=secret&scope=exec:admin", bearer)).ShouldBe(403);
        (await GetStatusAsync(server, "?service=tap", TestServer.Bearer(Token.Create()))).ShouldBe(401);
        await server.Core.Usage.WriteAsync(TestContext.Current.CancellationToken);

        (await server.GetAsync(path, bearer)).Json.GetProperty("last_used").GetInt64().ShouldBe(Noon.ToUnixTimeSeconds());
        var events = await server.GetAsync(path + "/auth-history", bearer);
        events.Json.EnumerateArray().Select(Service).ShouldBe([null, "portal", "tap"]);
        events.Json[2].GetRawText().ShouldBe(
            $$"""
            {"token":"{{token.Key}}","username":"user","token_type":"user","token_name":"laptop",
            "scopes":["read:all","user:token"],"service":"tap","ip_address":"127.0.0.1",
            "event_time":{{Noon.ToUnixTimeSeconds()}}}
            """.ReplaceLineEndings(""));

        // A request in the next minute is another event and the token's last usage.
        clock.Advance(TimeSpan.FromMinutes(1));
        (await GetStatusAsync(server, "?service=tap", bearer)).ShouldBe(200);
        await server.Core.Usage.WriteAsync(TestContext.Current.CancellationToken);
        var list = await server.GetAsync("/auth/api/v1/users/user/tokens", bearer);
        list.Json.EnumerateArray().Single(t => t.GetProperty("token").GetString() == token.Key.Value)
            .GetProperty("last_used").GetInt64().ShouldBe(Noon.ToUnixTimeSeconds() + 60);

        // In pages, like the change history.
        var page = await server.GetAsync(path + "/auth-history?limit=3", bearer);
        page.Header("X-Total-Count").ShouldBe("4");
        page.Json.EnumerateArray().Select(Service).ShouldBe(["tap", null, "portal"]);
        var next = page.Header("Link")!.Split(", ")
            .Single(link => link.EndsWith("rel=\"next\"", StringComparison.Ordinal)).Split('<', '>')[1];
        var last = await server.GetAsync(new Uri(next).PathAndQuery, bearer);
        last.Json.EnumerateArray().Select(Service).ShouldBe(["tap"]);
        last.Header("X-Total-Count").ShouldBe("4");
        // And backward: the previous page links to this one.
        var before = last.Header("Link")!.Split(", ")
            .Single(link => link.EndsWith("rel=\"prev\"", StringComparison.Ordinal)).Split('<', '>')[1];
        var first = await server.GetAsync(new Uri(before).PathAndQuery, bearer);
        first.Body.ShouldBe(page.Body);
        first.Header("Link")!.ShouldContain($"<{next}>; rel=\"next\"");
        (await server.GetAsync(path + "/auth-history?limit=0", bearer)).StatusCode.ShouldBe(422);
        (await server.GetAsync(path + "/auth-history?cursor=bogus", bearer)).StatusCode.ShouldBe(422);
        (await server.GetAsync(path + "/auth-history?ip_address=nonsense", bearer)).DetailType.ShouldBe("invalid_ip_address");
        var later = (Noon.ToUnixTimeSeconds() + 1).ToString(CultureInfo.InvariantCulture);
        (await server.GetAsync($"{path}/auth-history?since={later}", bearer)).Json.GetArrayLength().ShouldBe(1);
        (await server.GetAsync($"{path}/auth-history?ip_address=192.0.2.0/24", bearer)).Json.GetArrayLength().ShouldBe(0);
        (await server.GetAsync($"{path}/auth-history?ip_address=127.0.0.0/8", bearer)).Json.GetArrayLength().ShouldBe(4);
    }

    [Theory, EveryMode]
    public async Task Only_its_owner_and_administrators_see_the_usage_of_a_token(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        var owner = await server.Tokens.SessionForAsync("owner");
        var other = await server.Tokens.SessionForAsync("other");
        var admin = await server.Tokens.SessionForAsync("admin", "admin:token,user:token");
        var path = $"/auth/api/v1/users/owner/tokens/{owner.Record.Token.Key}/auth-history";
        (await server.GetAsync(path)).StatusCode.ShouldBe(401);
        (await server.GetAsync(path, TestServer.Bearer(other.Record.Token))).StatusCode.ShouldBe(403);
        (await server.GetAsync(path, TestServer.Bearer(owner.Record.Token))).Body.ShouldBe("[]");
        (await server.GetAsync(path, TestServer.Bearer(admin.Record.Token))).Body.ShouldBe("[]");

        // The token of another user is not found under the caller's name, like a token that does not exist.
        var stolen = $"/auth/api/v1/users/other/tokens/{owner.Record.Token.Key}/auth-history";
        (await server.GetAsync(stolen, TestServer.Bearer(other.Record.Token))).StatusCode.ShouldBe(404);
        var unknown = $"/auth/api/v1/users/owner/tokens/{Token.Create().Key}/auth-history";
        (await server.GetAsync(unknown, TestServer.Bearer(owner.Record.Token))).StatusCode.ShouldBe(404);

        // The usage events of a revoked token are kept.
        (await GetStatusAsync(server, "", TestServer.Bearer(owner.Record.Token))).ShouldBe(200);
        await server.Core.Usage!.WriteAsync(TestContext.Current.CancellationToken);
        await server.Tokens.DeleteTokenAsync(owner.Record.Token.Key, admin, "owner");
        (await server.GetAsync(path, TestServer.Bearer(admin.Record.Token))).Json.GetArrayLength().ShouldBe(1);
    }

    private static async Task<int> GetStatusAsync(TestServer server, string query, (string, string) credentials) =>
        (await server.GetAsync("/ingress/auth" + (query.Length == 0 ? "?scope=user:token"
            : query.Contains("scope", StringComparison.Ordinal) ? query : query + "&scope=user:token"),
            ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), credentials)).StatusCode;

    private static async Task<List<string?>> ReadServicesAsync(TestServer server, Caller owner)
    {
        var page = await server.Tokens.GetUsageHistoryAsync(
            owner, new(new UsageFilter(owner.Username, owner.Record.Token.Key), Cursor: null, Limit: null));
        List<string?> services = [];
        await foreach (var usageEvent in page!.Rows)
            services.Add(usageEvent.Service);
        return services;
    }

    private static string? Service(JsonElement usageEvent) => usageEvent.TryGetProperty("service", out var service)
        ? service.GetString() : null;
}
