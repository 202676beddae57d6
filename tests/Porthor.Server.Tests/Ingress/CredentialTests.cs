using System.Text;
using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// Every way to present a token, and credentials that are similar to tokens. ING-007 to ING-009, ING-014 to ING-025, ING-036, ING-037.
/// </summary>
public sealed partial class CredentialTests(IngressServers servers) : IClassFixture<IngressServers>
{
    /// <summary>ING-014, ING-015, ING-018 to ING-022. The credentials are not forwarded.</summary>
    [Theory, EveryMode]
    public async Task A_token_is_accepted_in_every_form(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("many-ways", "read:all", UserData.None);
        var token = browser.Session.Reveal();
        foreach (var (credential, source) in (IEnumerable<((string, string), string)>)[
            (browser.Cookie, "cookie"), (("Authorization", $"Bearer {token}"), "bearer"), (("Authorization", $"bearer {token}"), "bearer"),
            (("Authorization", $"Bearer   {token}"), "bearer"), (Basic($"{token}:x-oauth-basic"), "basic-username"),
            (Basic($"{token}:"), "basic-username"),
            (("Authorization", $"Basic  {Encoded($"x-oauth-basic:{token}")}"), "basic-password"), (Basic($":{token}"), "basic-password"),
            (Basic($"{token}:{token}"), "basic-username"), (("Authorization", $"BASIC {Encoded($"\n{token}:x\n")}"), "basic-username")])
        {
            var lineCount = server.CountLines();
            var answer = await server.AuthorizeAsync("?scope=read:all", credential);
            answer.ShouldBeAllowed();
            answer.Header("X-Auth-Request-User").ShouldBe("many-ways");
            answer.Header("X-Auth-Request-Email").ShouldBeNull();
            answer.Header("Authorization").ShouldBeNull();
            answer.Header("Cookie").ShouldBeNull();
            server.LinesSince(lineCount, "Token authorized").Single().GetProperty("token_source").GetString().ShouldBe(source);
        }
        // Only the first of several headers is read.
        var second = await server.SendLineAsync("GET /ingress/auth?scope=read:all HTTP/1.1",
            [.. OriginalRequest, ("Authorization", "token other"), ("Authorization", $"Bearer {token}")]);
        second!.StatusCode.ShouldBe(403);
    }

    /// <summary>Text from the client is repeated in a header and cannot end it or start another header.</summary>
    [Theory]
    [InlineData("?scope=a%0D%0AX-Injected:%201", null, "scope=\"a??X-Injected: 1\"")]
    [InlineData("", "a\u0001\u001bb c", "error_description=\"Unknown Authorization type a??b\"")]
    public async Task Text_from_a_client_stays_in_one_header_line(string query, string? authorization, string told)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("one-line", "read:all");
        var answer = await server.AuthorizeAsync(query, authorization is null ? browser.Cookie : ("Authorization", authorization));
        answer.StatusCode.ShouldBe(403);
        answer.Header("WWW-Authenticate").ShouldNotBeNull().ShouldEndWith(told);
        answer.Header("X-Injected").ShouldBeNull();
    }

    /// <summary>ING-007, ING-023, ING-024.</summary>
    [Theory, EveryMode]
    public async Task Malformed_credentials_are_reported_with_the_reason(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("unreadable", "read:all");
        var other = await server.CreateTokenAsync(await server.LogInAsync("unreadable-other"), "one");
        foreach (var (header, reason) in (IEnumerable<(string, string)>)[
            ("Bearer", "Malformed Authorization header"), (" Bearer", "Malformed Authorization header"),
            ("Bearer ", "Malformed Authorization header"),
            ("token foo", "Unknown Authorization type token"), ("Digest a=\"b\"", "Unknown Authorization type Digest"),
            (Basic($"{browser.Session.Reveal()}:{other.Reveal()}").Item2, "Conflicting tokens in Basic username and password fields")])
        {
            var answer = (await server.SendLineAsync(
                "GET /ingress/auth?scope=read:all HTTP/1.1", [.. OriginalRequest, ("Authorization", header)]))!;
            answer.ShouldBeError(403, 400, "invalid_request", reason);
            answer.Header("WWW-Authenticate").ShouldBe(
                $"Bearer realm=\"example.com\", error=\"invalid_request\", error_description=\"{reason}\"");
        }
        foreach (var header in (string[])[
            "Basic &&&&", "Basic abc", $"Basic {Encoded("no colon")}", $"Basic {Encoded("a:b:c")}", "Basic /w==", "Basic"])
        {
            var answer = await server.AuthorizeAsync("", ("Authorization", header));
            (answer.StatusCode, answer.Header("X-Error-Status"), answer.DetailType).ShouldBe((403, "400", "invalid_request"), header);
        }
        // A Basic challenge has no parameter for a reason.
        (await server.AuthorizeAsync("?auth_type=basic", ("Authorization", "Bearer"))).Header("WWW-Authenticate")
            .ShouldBe("Basic realm=\"example.com\"");
    }

    /// <summary>ING-008, ING-009, ING-025: credentials without a token, with an invalid token, and for another service.</summary>
    [Theory, EveryMode]
    public async Task Credentials_without_a_valid_token_are_treated_as_missing(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await server.AuthorizeAsync("", ("Authorization", "Bearer token"))).ShouldBeError(
            401, 401, "invalid_token", "Token does not start with gt-");
        (await server.AuthorizeAsync("", ("Authorization", "Bearer gt-a.b")))
            .ShouldBeError(401, 401, "invalid_token", "Token is malformed");
        (await server.AuthorizeAsync("", TestServer.Bearer(Token.Create()))).ShouldBeError(401, 401, "invalid_token", "Token is not valid");
        (await server.AuthorizeAsync("", Basic($"{Token.Create().Reveal()}:x")))
            .ShouldBeError(401, 401, "invalid_token", "Token is not valid");
        foreach (var pair in (string[])["foo:foo", "x-oauth-basic:foo", "foo:x-oauth-basic", ":", "foo:"])
            (await server.AuthorizeAsync("?auth_type=basic", Basic(pair))).ShouldBeChallengedWithoutError(type: "Basic");
        (await server.AuthorizeAsync("", ("Authorization", ""))).ShouldBeChallengedWithoutError();
        // An invalid token and a readable session: the request is treated like one without credentials.
        var invalidSession = server.Host.Cookie(new SessionState { Token = Token.Create() });
        (await server.AuthorizeAsync("?allow_cookies=false", invalidSession, TestServer.Bearer(Token.Create())))
            .ShouldBeChallengedWithoutError();
        (await server.AuthorizeAsync(
            "?allow_cookies=false", invalidSession, TestServer.Bearer(Token.Create()),
            ("X-Requested-With", "XMLHttpRequest"))).ShouldBeChallengedWithoutError(403);
    }

    private static (string, string)[] OriginalRequest => [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET")];

    private static (string, string) Basic(string text) => ("Authorization", $"Basic {Encoded(text)}");

    private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
