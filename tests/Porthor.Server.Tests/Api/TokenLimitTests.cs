using Porthor.Server.Configuration;
using Porthor.Server.Tests.Web;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Limits of the number of tokens and of creations (deviations 34).</summary>
public sealed class TokenLimitTests(LimitedServers servers) : IClassFixture<LimitedServers>
{
    private const string TooMany = "Too many tokens: at most 5 user tokens per user. Revoke tokens that are no longer needed";

    /// <summary>The timeout is long enough for a busy machine.</summary>
    private static readonly TimeSpan LongTimeout = TimeSpan.FromSeconds(30);

    [Theory, EveryMode]
    public async Task The_number_of_valid_tokens_is_limited(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("collector");
        // Creates tokens at intervals of half a minute, so that the rate limit is not reached.
        Task<Answer> CreateLaterAsync(string name, long? expires = null)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(30));
            return server.PostAsync("/users/collector/tokens", new { token_name = name, expires }, browser.WriteHeaders);
        }

        (await CreateLaterAsync("brief", server.Now + 600)).StatusCode.ShouldBe(201);
        for (var number = 1; number <= 4; number++)
            (await CreateLaterAsync($"token {number}")).StatusCode.ShouldBe(201);
        var refused = await CreateLaterAsync("too many");
        refused.ShouldBeError(403, "permission_denied", TooMany);
        var page = await server.CreateTokenOnPageAsync(browser, "too many");
        page.StatusCode.ShouldBe(403);
        page.TextOf(".summary").ShouldContain(TooMany);

        // Revoked and expired tokens do not count.
        var first = (await server.GetAsync("/users/collector/tokens", browser.Cookie)).Json.EnumerateArray()
            .Single(
                item => item.TryGetProperty("token_name", out var name) && name.GetString() == "token 1").GetProperty("token").GetString();
        (await server.DeleteAsync($"/users/collector/tokens/{first}", browser.WriteHeaders)).ShouldBeNoContent();
        (await CreateLaterAsync("again")).StatusCode.ShouldBe(201);
        (await CreateLaterAsync("too many")).StatusCode.ShouldBe(403);
        server.Clock.Advance(TimeSpan.FromMinutes(10));
        (await CreateLaterAsync("after expiry")).StatusCode.ShouldBe(201);
        (await CreateLaterAsync("too many")).StatusCode.ShouldBe(403);

        // Sessions, children and tokens of other users do not count. Administrators can create tokens for others without a limit.
        await server.LogInAsync("collector");
        await server.CreateTokenAsync(await server.LogInAsync("other-collector"), "mine");
        (await server.PostAsync(
            "/tokens", new { username = "collector", token_type = "user", token_name = "gift" },
            server.Bootstrap)).StatusCode.ShouldBe(201);
        (await server.PostAsync(
            "/tokens", new { username = "bot-collector", token_type = "service" }, server.Bootstrap)).StatusCode.ShouldBe(201);
        (await CreateLaterAsync("too many")).StatusCode.ShouldBe(403);
    }

    [Theory, EveryMode]
    public async Task The_number_of_creations_per_minute_is_limited(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        server.Clock.Advance(TimeSpan.FromMinutes(2));
        var browser = await server.LogInAsync("hasty");
        foreach (var second in (int[])[0, 10, 10])
        {
            server.Clock.Advance(TimeSpan.FromSeconds(second));
            // A creation counts even if the token was revoked.
            var token = await server.CreateTokenAsync(browser, $"at {server.Now} {second} {Guid.NewGuid()}");
            (await server.DeleteAsync($"/users/hasty/tokens/{token.Key}", browser.WriteHeaders)).ShouldBeNoContent();
        }
        var refused = await CreateAsync(server, browser, "too fast");
        refused.ShouldBeError(429, "rate_limited", "Too many tokens created: at most 3 per minute");
        // The oldest of the three creations is one minute old in forty seconds.
        refused.Header("Retry-After").ShouldBe("40");
        var page = await server.CreateTokenOnPageAsync(browser, "too fast");
        page.StatusCode.ShouldBe(429);
        page.Answer.Header("Retry-After").ShouldBe("40");
        page.TextOf(".summary").ShouldContain("Too many tokens created: at most 3 per minute");
        page.Document.QuerySelector("#name")!.GetAttribute("value").ShouldBe("too fast");

        // Other users are not affected, administrators are exempt, and after the time in the header a creation succeeds.
        await server.CreateTokenAsync(await server.LogInAsync("not-hasty"), "mine");
        for (var number = 0; number < 5; number++)
            (await server.PostAsync(
                "/tokens", new { username = "hasty", token_type = "user", token_name = $"gift {number} {mode}" },
                server.Bootstrap)).StatusCode.ShouldBe(201);
        foreach (var item in (await server.GetAsync("/users/hasty/tokens", browser.Cookie)).Json.EnumerateArray().Where(
            item => item.TryGetProperty("token_name", out _)))
            await server.DeleteAsync($"/users/hasty/tokens/{item.GetProperty("token").GetString()}", browser.WriteHeaders);
        server.Clock.Advance(TimeSpan.FromSeconds(39));
        (await CreateAsync(server, browser, "too fast")).StatusCode.ShouldBe(429);
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        (await CreateAsync(server, browser, "in time")).StatusCode.ShouldBe(201);
    }

    /// <summary>The limit applies to any number of concurrent requests and nodes.</summary>
    [Theory, EveryMode]
    public async Task The_limit_applies_to_concurrent_creations(Mode mode)
    {
        await using var server = await ApiServer.StartAsync(
            mode, settings => Limited(settings, live: 7, perMinute: 0) with { AnswerTimeout = LongTimeout, ApiTimeout = LongTimeout });
        var browser = await server.LogInAsync("racer");
        await using var other = mode == Mode.Embedded ? null : await TestServer.StartAsync(server.Host.Deployment, clock: server.Clock);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async number =>
        {
            var host = other is not null && number % 2 == 0 ? other : server.Host;
            Answer answer;
            var attempts = 0;
            // On a busy machine a store may not respond in time; then the client tries again.
            do
                answer = await host.PostAsync(
                    $"{ApiServer.Prefix}/users/racer/tokens", new { token_name = $"token {number}" }, browser.WriteHeaders);
            while (answer.StatusCode == 503 && ++attempts < 20);
            return answer;
        }));
        // A creation with the response 503 can have succeeded; then its repetition finds that the name is taken.
        answers.ShouldAllBe(answer => answer.StatusCode == 201 || answer.StatusCode == 403 || answer.StatusCode == 409);
        answers.Count(answer => answer.StatusCode is 201 or 409).ShouldBe(7);
        (await server.GetAsync("/users/racer/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(8);
    }

    internal static PorthorSettings Limited(PorthorSettings settings, long live, long perMinute) => settings with
    {
        Tokens = settings.Tokens with { Limits = new TokenLimits { Live = live, CreationsPerMinute = perMinute } },
    };

    private static Task<Answer> CreateAsync(ApiServer server, Browser browser, string name) =>
        server.PostAsync($"/users/{browser.Username}/tokens", new { token_name = name }, browser.WriteHeaders);
}

/// <summary>Servers with low limits.</summary>
public sealed class LimitedServers : ApiServers
{
    internal override PorthorSettings Configure(PorthorSettings settings) => TokenLimitTests.Limited(settings, live: 5, perMinute: 3);
}
