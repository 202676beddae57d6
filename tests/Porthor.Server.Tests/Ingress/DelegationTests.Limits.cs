using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class DelegationTests
{
    /// <summary>DEL-014 to DEL-017.</summary>
    [Theory, EveryMode]
    public async Task A_rule_can_require_a_minimum_lifetime(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("lasting", "user:token");
        var hour = TestServer.Bearer(await server.CreateTokenAsync(browser, "an hour", expires: server.Now + 3600));
        var endless = TestServer.Bearer(await server.CreateTokenAsync(browser, "endless"));
        const long Maximum = (30 * 24 * 3600) - 300;

        (await server.AuthorizeAsync($"?notebook=true&minimum_lifetime={Maximum + 1}", endless)).ShouldBeError(
            422, "invalid_minimum_lifetime", $"Requested lifetime {Maximum + 1}s longer than maximum lifetime {Maximum}s", "query",
            "minimum_lifetime");
        (await server.AuthorizeAsync($"?minimum_lifetime={Maximum}", endless)).ShouldBeAllowed();
        // The lifetime is checked before the scopes.
        (await server.AuthorizeAsync($"?scope=exec:admin&minimum_lifetime={Maximum + 1}", endless)).StatusCode.ShouldBe(422);

        const string Short = """{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""";
        var refused = await server.AuthorizeAsync("?minimum_lifetime=4000", hour);
        refused.ShouldBe(401, Short);
        refused.Header("WWW-Authenticate").ShouldBe(
            "Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Remaining token lifetime too short\"");
        (refused.Header("X-Error-Status"), refused.Header("Cache-Control")).ShouldBe((null, "no-cache, no-store"));
        (await server.AuthorizeAsync("?auth_type=basic&minimum_lifetime=4000", hour)).Header("WWW-Authenticate")
            .ShouldBe("Basic realm=\"example.com\"");
        (await server.AuthorizeAsync("?minimum_lifetime=4000", hour, ("X-Requested-With", "XMLHttpRequest"))).ShouldBe(403, Short);
        (await server.AuthorizeAsync("?minimum_lifetime=3000", hour)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?minimum_lifetime=3600", hour)).ShouldBeAllowed();

        // A child lasts at least five minutes and not longer than its parent.
        var child = (await server.AuthorizeAsync("?delegate_to=tap&minimum_lifetime=3600", hour)).Header("X-Auth-Request-Token");
        (await server.GetAsync("/token-info", ("Authorization", $"Bearer {child}"))).Json.GetProperty("expires").GetInt64()
            .ShouldBe(server.Now + 3600);
        // DEL-017: one minute is left, which is sufficient for the token itself.
        await using var later = await TestServer.StartAsync(
            server.Host.Deployment, clock: new ManualClock(server.Clock.GetUtcNow().AddSeconds(3540)));
        Task<Answer> AuthorizeLaterAsync(string query) => later.GetAsync(
            "/ingress/auth" + query, ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), hour);
        (await AuthorizeLaterAsync("")).ShouldBeAllowed();
        (await AuthorizeLaterAsync("?notebook=true")).ShouldBe(401, Short);
        (await AuthorizeLaterAsync("?delegate_to=tap")).ShouldBe(401, Short);
    }

    [Theory, EveryMode]
    public async Task A_token_that_expires_soon_gets_no_children(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("mayfly", "user:token");
        var token = TestServer.Bearer(await server.CreateTokenAsync(browser, "short", expires: server.Now + 400));
        (await server.AuthorizeAsync("?notebook=true", token)).ShouldBeAllowed();
        var refused = await server.AuthorizeAsync("?minimum_lifetime=401", token, ("X-Requested-With", "XMLHttpRequest"));
        refused.Body.ShouldBe("""{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""");
        refused.StatusCode.ShouldBe(403);
        (await server.AuthorizeAsync("?notebook=true&minimum_lifetime=1e300", token)).Body.ShouldContain("invalid_minimum_lifetime");
        foreach (var value in (string[])["299", "-1", "nan", "inf", "long", "", "%00"])
            (await server.AuthorizeAsync($"?minimum_lifetime={value}", token)).StatusCode.ShouldBe(422, value);
    }

    /// <summary>A record can contain a service name of 64 characters. With a longer name the token could not be read.</summary>
    [Theory, EveryMode]
    public async Task The_length_of_a_service_name_is_limited(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("verbose", "read:all,user:token");
        var bearer = TestServer.Bearer(browser.Session);
        var longest = new string('s', 64);
        var child = (await server.AuthorizeAsync($"?delegate_to={longest}", bearer)).Header("X-Auth-Request-Token");
        (await server.GetAsync("/token-info", ("Authorization", $"Bearer {child}"))).Json.GetProperty("service").GetString()
            .ShouldBe(longest);

        (await server.AuthorizeAsync($"?delegate_to={longest}s", bearer)).ShouldBeInvalid(AnswerAssertions.Error(
            "string_too_long", "\"query\",\"delegate_to\"", "String should have at most 64 characters", $"\"{longest}s\"",
            """{"max_length":64}"""));
        foreach (var name in (string[])["service", "delegate_to"])
        {
            var answer = await server.AuthorizeAsync($"?{name}=a%00b", bearer);
            answer.StatusCode.ShouldBe(422, answer.Body);
            answer.DetailLocation.ShouldBe($"query.{name}");
        }
        // No token was created, and no usage event is buffered that could not be stored.
        (await server.Host.Tokens.ListTokensAsync(await server.Host.Tokens.CallerAsync(browser.Session), "verbose")).Count.ShouldBe(2);
    }
}
