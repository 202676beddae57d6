using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// The exact <c>WWW-Authenticate</c> header of every kind of denial (contract/ingress.md 5, contract/api.md 2.3). It contains <c>scope</c>
/// only if the location requires a scope that the token lacks.
/// </summary>
public sealed class ChallengeHeaderTests(ForwardServers servers) : IClassFixture<ForwardServers>
{
    private const string Plain = "Bearer realm=\"example.com\"";
    private const string Denied = $"{Plain}, error=\"insufficient_scope\", error_description=\"Token missing required scope\"";
    private static readonly (string, string) UnknownToken = ("Authorization", "Bearer gt-aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb");

    [Theory, EveryMode]
    public async Task Forward_authentication_names_scopes_only_if_one_is_missing(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var username = $"challenged-{mode}".ToLowerInvariant();
        var bearer = TestServer.Bearer((await server.LogInAsync(username, "read:all")).Session);
        foreach (var (query, headers, challenge) in ((string, (string, string)[], string)[])[
            // Without valid credentials no scope is reported as missing.
            ("", [], Plain), ("?scope=read:all", [], Plain), ("?scope=", [], Plain),
            ("?scope=read:all&scope=exec:admin&satisfy=any", [], Plain),
            ("?scope=read:all", [("X-Requested-With", "XMLHttpRequest")], Plain), ("?scope=read:all", [("Cookie", "other=1")], Plain),
            ("?scope=read:all&auth_type=basic", [], "Basic realm=\"example.com\""),
            ("?scope=read:all", [UnknownToken], $"{Plain}, error=\"invalid_token\", error_description=\"Token is not valid\""),
            ("", [UnknownToken], $"{Plain}, error=\"invalid_token\", error_description=\"Token is not valid\""),
            ("?scope=read:all", [("Authorization", "Bearer")],
                $"{Plain}, error=\"invalid_request\", error_description=\"Malformed Authorization header\""),
            ("?scope=read:all&auth_type=basic", [UnknownToken], "Basic realm=\"example.com\""),
            // Missing scopes: all that the location requires, sorted.
            ("?scope=exec:admin", [bearer], $"{Denied}, scope=\"exec:admin\""),
            ("?scope=read:all&scope=exec:admin", [bearer], $"{Denied}, scope=\"exec:admin read:all\""),
            ("?scope=user:token&scope=exec:admin&satisfy=any", [bearer], $"{Denied}, scope=\"exec:admin user:token\""),
            ("?scope=exec:admin&scope=exec:admin", [bearer], $"{Denied}, scope=\"exec:admin\""),
            ("?scope=exec:admin&auth_type=basic", [bearer], "Basic realm=\"example.com\""),
            // No token has the scope with the empty name, and the header cannot contain this name.
            ("?scope=", [bearer], Denied), ("?scope=%20", [bearer], Denied), ("?scope=&scope=", [bearer], Denied),
            ("?scope=&scope=exec:admin", [bearer], $"{Denied}, scope=\"exec:admin\""),
            ("?scope=a%22b%5C", [bearer], $"{Denied}, scope=\"ab\""),
            // Denied for a reason other than scopes.
            ("?username=other", [bearer], Reason("Access not allowed for this user")),
            ("?scope=read:all&username=other", [bearer], Reason("Access not allowed for this user")),
            ("?scope=exec:admin&username=other", [bearer], $"{Denied}, scope=\"exec:admin\"")])
        {
            foreach (var answer in (Answer[])[await server.AuthorizeAsync(query, headers), await server.ForwardAsync(query, headers)])
            {
                answer.StatusCode.ShouldNotBe(200, query);
                answer.Header("WWW-Authenticate").ShouldBe(challenge, $"{query} {answer.Body}");
            }
        }
        // Errors that are not about credentials.
        foreach (var answer in (Answer[])[
            await server.AuthorizeAsync("?scope=exec:admin", "https://example.com/", "OPTIONS"), await server.AuthorizeAsync(
                "?notebook=true&delegate_to=a&scope=exec:admin", bearer),
            await server.AuthorizeAsync("?scope=read:all", bearer), await server.ForwardAsync("?scope=read:all", bearer)])
            answer.Header("WWW-Authenticate").ShouldBeNull(answer.Body);
    }

    [Theory, EveryMode]
    public async Task The_API_names_no_scopes(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync($"challenged-api-{mode}".ToLowerInvariant(), "read:all");
        var invalidSession = server.Host.Cookie(new SessionState { Token = Token.Create() });
        foreach (var path in (string[])["/token-info", "/user-info", "/users/someone/tokens", "/history/token-changes"])
        {
            (await ChallengeAsync(path)).ShouldBe((401, Plain), path);
            (await ChallengeAsync(path, invalidSession)).ShouldBe((401, Plain), path);
            (await ChallengeAsync(path, UnknownToken)).ShouldBe(
                (401, $"{Plain}, error=\"invalid_token\", error_description=\"Token is not valid\""), path);
            (await ChallengeAsync(path, ("Authorization", "Bearer"))).ShouldBe(
                (403, $"{Plain}, error=\"invalid_request\", error_description=\"Malformed Authorization header\""), path);
        }
        // A missing permission gives no challenge.
        foreach (var path in (string[])["/users/someone/tokens", "/history/token-changes"])
            (await ChallengeAsync(path, TestServer.Bearer(browser.Session))).ShouldBe((403, null), path);

        async Task<(int, string?)> ChallengeAsync(string path, params (string, string)[] headers)
        {
            var answer = await server.GetAsync(path, headers);
            return (answer.StatusCode, answer.Header("WWW-Authenticate"));
        }
    }

    private static string Reason(string text) => $"{Plain}, error=\"insufficient_scope\", error_description=\"{text}\"";
}
