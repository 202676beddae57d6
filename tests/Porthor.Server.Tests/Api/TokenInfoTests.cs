using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>Tokens that only one store contains, and child tokens (contract/api.md 5.7, 5.10; WEAK-02).</summary>
public sealed class TokenInfoTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task A_record_without_a_row_is_denied_and_logged(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("unlisted");
        await server.DeleteRowAsync(browser.Key);
        var lineCount = server.CountLines();
        var answer = await server.GetAsync("/token-info", browser.Cookie);
        answer.ShouldBe(403, """{"detail":[{"type":"invalid_token","msg":"Token found in Redis but not database"}]}""");
        var line = server.LinesSince(lineCount, "Token found in Redis but not database").ShouldHaveSingleItem();
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("token").GetString().ShouldBe(browser.Key.Value);
    }

    [Theory, EveryMode]
    public async Task A_row_without_a_record_is_not_a_valid_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("recordless");
        await server.DeleteRecordAsync(browser.Key);
        (await server.GetAsync("/token-info", TestServer.Bearer(browser.Session))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token is not valid");
        (await server.GetAsync("/token-info", browser.Cookie)).ShouldBeUnauthenticated();
    }

    /// <summary>WEAK-02: an unreadable value under the key.</summary>
    [Theory, EveryMode]
    public async Task An_unreadable_record_is_not_a_valid_token_and_is_logged(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("spoilt");
        var other = await server.LogInAsync("intact");
        await server.ReplaceRecordAsync(browser.Key, "garbage");
        var lineCount = server.CountLines();
        (await server.GetAsync("/token-info", TestServer.Bearer(browser.Session))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token is not valid");
        var line = server.LinesSince(lineCount, "Cannot retrieve token").ShouldHaveSingleItem();
        line.GetProperty("severity").GetString().ShouldBe("error");
        line.GetProperty("error").GetString().ShouldBe($"Cannot deserialize data for key token:{browser.Key}: InvalidToken: ");
        // Other tokens are not affected.
        (await server.GetAsync("/token-info", other.Cookie)).StatusCode.ShouldBe(200);
    }

    [Theory, EveryMode]
    public async Task Children_have_a_parent_and_service_and_lists_contain_no_parent(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("parental", "read:all,user:token");
        var caller = await server.Host.Tokens.CallerAsync(browser.Session);
        var child = await server.Host.Tokens.GetInternalTokenAsync(caller, "tap", ScopeSet.Of("read:all"));
        var expires = server.Now + (30 * 86400);
        string Info(string parent) =>
            $$"""{"username":"parental","token_type":"internal","service":"tap","scopes":["read:all"],"created":{{server.Now}}"""
                + $$""","expires":{{expires}},"token":"{{child.Key}}"{{parent + "}"}}""";
        var withParent = Info($",\"parent\":\"{browser.Key}\"");
        (await server.GetAsync("/token-info", TestServer.Bearer(child))).ShouldBe(200, withParent);
        (await server.GetAsync($"/users/parental/tokens/{child.Key}", browser.Cookie)).ShouldBe(200, withParent);
        (await server.GetAsync("/users/parental/tokens", browser.Cookie)).Body.ShouldContain(Info(""));
    }

    /// <summary>The order of the contract (storage.md 2.6): newest first, and then by key, upper case before lower case.</summary>
    [Theory, EveryMode]
    public async Task A_list_has_a_defined_order(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("ordered");
        List<(long Created, TokenKey Key)> made = [(server.Now, browser.Key)];
        for (var i = 0; i < 12; i++)
        {
            if (i % 5 == 4)
                server.Clock.Advance(TimeSpan.FromSeconds(1));
            made.Add((server.Now, (await server.CreateTokenAsync(browser, $"token {i}")).Key));
        }
        var listed = (await server.GetAsync("/users/ordered/tokens", browser.Cookie)).Json.EnumerateArray().Select(
            token => token.GetProperty("token").GetString());
        listed.ShouldBe(made.OrderByDescending(token => token.Created).ThenBy(token => token.Key).Select(token => token.Key.Value));
    }
}
