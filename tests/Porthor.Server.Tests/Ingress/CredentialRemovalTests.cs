using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// Porthor's credentials never reach the application (contract/ingress.md 11, 16; deviations 10). FLT-001 to FLT-008, ANO-001 to ANO-004.
/// </summary>
public sealed partial class CredentialRemovalTests(IngressServers servers) : IClassFixture<IngressServers>
{
    private static readonly string Ours = Token.Create().Reveal();

    [Theory, MemberData(nameof(Authorizations))]
    public async Task Tokens_are_removed_from_Authorization(string header, string? left)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, "/ingress/anonymous?scope=nonsense", json: null, ("Authorization", header));
        answer.ShouldBeAllowed();
        answer.Header("Authorization").ShouldBe(left);
    }

    [Theory, MemberData(nameof(Cookies))]
    public async Task The_session_cookie_is_removed_in_every_spelling(string header, string? left)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, "/ingress/anonymous", json: null, ("Cookie", header));
        answer.ShouldBeAllowed();
        answer.Header("Cookie").ShouldBe(left);
    }

    [Theory, EveryMode]
    public async Task The_credential_that_authenticates_is_removed(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("stripped", "read:all");
        var cookie = browser.Cookie.Item2;
        foreach (var credential in ((string, string)[])[
            ("Authorization", $"Bearer\t{browser.Session.Reveal()}"),
            ("Authorization", $"Basic {Encoded($"{browser.Session.Reveal()}:")}"),
            ("Cookie", $"a=b;{cookie}"),
            ("Cookie", $"{SessionCookie.Name}=x; {cookie}")])
        {
            var answer = await server.AuthorizeAsync("?scope=read:all", credential);
            answer.ShouldBeAllowed();
            answer.Header("Authorization").ShouldBeNull();
            (answer.Header("Cookie") ?? "").ShouldNotContain(SessionCookie.Name);
        }
    }

    /// <summary>DEL-011 to DEL-013.</summary>
    [Theory, EveryMode]
    public async Task With_use_authorization_only_the_child_is_forwarded(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("replaced", "read:all");
        var foreign = ("Authorization", "token of-somebody");
        (await server.AuthorizeAsync("?use_authorization=true", browser.Cookie, foreign)).Header("Authorization").ShouldBeNull();
        var answer = await server.AuthorizeAsync("?use_authorization=true&notebook=true", browser.Cookie, foreign);
        answer.Header("Authorization").ShouldBe($"Bearer {answer.Header("X-Auth-Request-Token")}");
        // Two headers are received, and exactly one is forwarded.
        var two = await server.SendLineAsync(
            "GET /ingress/auth?use_authorization=true&delegate_to=tap HTTP/1.1",
            ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), TestServer.Bearer(browser.Session), foreign);
        two!.Headers["Authorization"].ShouldBe([$"Bearer {two.Header("X-Auth-Request-Token")}"]);
    }

    /// <summary>
    /// FLT-002, FLT-003, FLT-005, FLT-008, ANO-004: each header is checked separately, the order is kept, and all routes that return
    /// headers behave alike.
    /// </summary>
    [Theory, EveryMode]
    public async Task Headers_without_Porthors_credentials_are_forwarded_in_their_order(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("several", "read:all");
        var token = browser.Session.Reveal();
        (string[] Sent, string[] Left)[] authorizations =
        [
            ([$"Basic {Encoded($"{token}:")}", "token some-other-token"], ["token some-other-token"]),
            ([$"BASIC {Encoded($"x:{token}")}", $"bearer {token}"], []),
            ([$"Basic  {Encoded($"{token}:x")}", "some broken stuff", $"BEARER   {token}", "basic", "basic notreally:base64"],
                ["some broken stuff", "basic", "basic notreally:base64"]),
        ];
        string[] cookies = [$"{SessionCookie.Name}=blah; foo=bar; invalid", $"also invalid; {SessionCookie.Name}=stuff",
            $"{SessionCookie.Name}stuff"];
        foreach (var (sent, left) in authorizations)
        {
            foreach (var (path, method) in (IEnumerable<(string, string)>)[("/ingress/auth?scope=read:all", "GET"),
                ("/ingress/anonymous?scope=exec:admin", "GET"), ("/ingress/auth?allow_options=true", "OPTIONS")])
            {
                var answer = await server.SendLineAsync(
                    $"GET {path} HTTP/1.1",
                    [
                        ("X-Original-URL", "https://example.com/"), ("X-Original-Method", method),
                        .. sent.Select(value => ("Authorization", value)), .. cookies.Select(value => ("Cookie", value)),
                    ]);
                answer!.StatusCode.ShouldBe(200, answer.Body);
                (answer.Headers.GetValueOrDefault("Authorization") ?? []).ShouldBe(left, path);
                answer.Headers["Cookie"].ShouldBe(["foo=bar; invalid", "also invalid", $"{SessionCookie.Name}stuff"], path);
            }
        }
    }

    /// <summary>OPT-005, ANO-001 to ANO-003.</summary>
    [Theory, EveryMode]
    public async Task Preflights_and_anonymous_pages_get_no_Porthor_credentials(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("openly", "read:all");
        (string, string)[] preflight = [("Origin", "https://example.com"), ("Access-Control-Request-Method", "GET")];
        foreach (var (credentials, authorization, cookie) in (IEnumerable<((string, string)[], string?, string?)>)[
            ([browser.Cookie], null, null),
            ([TestServer.Bearer(Token.Create()), ("Cookie", "_other=somevalue")], null, "_other=somevalue"),
            ([("Authorization", "token some-other-token"), ("Cookie", $"{browser.Cookie.Item2}; _other=somevalue")],
                "token some-other-token", "_other=somevalue")])
        {
            foreach (var answer in (Answer[])[
                await server.AuthorizeAsync("", "https://example.org/", "OPTIONS", [.. credentials, .. preflight]),
                await server.SendAsync(HttpMethod.Get, "/ingress/anonymous", json: null, credentials)])
            {
                answer.ShouldBeAllowed();
                (answer.Header("Authorization"), answer.Header("Cookie"), answer.Header("X-Auth-Request-User"))
                    .ShouldBe((authorization, cookie, null));
            }
        }
    }

    private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
