using System.Text.Json;
using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Log lines and metrics of authorization subrequests. LOG-001 to LOG-010, RAT-007, RAT-008, contract/ingress.md 12, 13.</summary>
public sealed partial class IngressLogTests(IngressLogTests.BehindProxyServers servers) : IClassFixture<IngressLogTests.BehindProxyServers>
{
    public sealed class BehindProxyServers : IngressServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) =>
            base.Configure(settings) with { Proxies = [AddressBlock.Parse("127.0.0.0/8"), AddressBlock.Parse("10.0.0.0/8")] };
    }

    private static readonly (string, string)[] Client = [("X-Forwarded-For", "192.0.2.1"), ("User-Agent", "some browser")];

    /// <summary>LOG-001.</summary>
    [Theory, EveryMode]
    public async Task An_allowed_request_is_logged_with_its_rule(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("written", "read:all,exec:admin");
        var lineCount = server.CountLines();
        (await server.AuthorizeAsync("?scope=exec:admin&scope=read:all&username=written", [TestServer.Bearer(browser.Session), .. Client]))
            .ShouldBeAllowed();
        server.LinesSince(lineCount, "Token authorized").Single().ShouldBeLogLine(
            $$"""
            {"event":"Token authorized","severity":"info","logger":"gafaelfawr",
            "httpRequest":{"requestMethod":"GET",
            "requestUrl":"http://{{server.Host.Url.Authority}}/ingress/auth?scope=exec:admin&scope=read:all&username=written",
            "remoteIp":"192.0.2.1","userAgent":"some browser"},
            "auth_uri":"https://example.com/some/page","required_scopes":["exec:admin","read:all"],
            "satisfy":"all","service":null,"required_user":"written",
            "token_source":"bearer","token":"{{browser.Key}}","user":"written",
            "scopes":["exec:admin","read:all"],"lifetime_seconds":{{Lifetime - 1}}}
            """);
    }

    /// <summary>LOG-002, LOG-003, LOG-006.</summary>
    [Theory, EveryMode]
    public async Task The_log_contains_the_service_the_quota_and_the_source_of_the_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("detailed", "read:all", UserData.None);
        var token = browser.Session.Reveal();
        var lineCount = server.CountLines();
        await server.AuthorizeAsync("?satisfy=any&scope=read:all&service=free&only_service=tap", TestServer.Basic(token, "x"));
        await server.AuthorizeAsync("?service=test", TestServer.Basic("x", token));
        await server.SendAsync(
            HttpMethod.Get, "/ingress/auth", json: null, ("X-Original-Url", "https://example.com/odd"), ("X-ORIGINAL-METHOD", "GET"),
            TestServer.Bearer(browser.Session));

        var denied = server.LinesSince(lineCount, "Permission denied").Single();
        Field(denied, "token_source", "service", "satisfy", "only_services", "error", "severity")
            .ShouldBe("basic-username free any [\"tap\"] Access not allowed for this user info");
        var counted = server.LinesSince(lineCount, "Token authorized")[0];
        Field(counted, "token_source", "service").ShouldBe("basic-password test");
        Field(counted.GetProperty("quota"), "limit", "used").ShouldBe("1 1");
        counted.GetProperty("quota").GetProperty("reset").GetString()!.ShouldMatch(@"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?\z");
        Field(server.LinesSince(lineCount, "Token authorized")[1], "auth_uri").ShouldBe("https://example.com/odd");
    }

    /// <summary>LOG-005, LOG-008.</summary>
    [Theory, EveryMode]
    public async Task A_denied_request_is_logged_with_the_reason(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("refused-log", "read:all");
        var token = await server.CreateTokenAsync(await server.LogInAsync("short-log", "user:token"), "short", expires: server.Now + 400);
        foreach (var (query, credential, text, severity, error,
            known) in (IEnumerable<(string, (string, string)?, string, string, string, bool)>)[
            ("?scope=exec:admin", TestServer.Bearer(browser.Session), "Permission denied", "info", "Token missing required scope", true),
            ("?service=blocked", TestServer.Bearer(browser.Session), "Permission denied", "info",
                "User refused-log not allowed to access service blocked", true),
            ("?minimum_lifetime=500", TestServer.Bearer(token), "Invalid token", "warning", "Remaining token lifetime too short", true),
            ("", ("Authorization", "Bearer blah"), "Invalid token", "info", "Token does not start with gt-", false),
            ("", ("Authorization", "Bearer"), "Invalid request", "info", "Malformed Authorization header", false)])
        {
            var lineCount = server.CountLines();
            await server.AuthorizeAsync(query, [credential!.Value]);
            var line = server.LinesSince(lineCount, text).Single();
            Field(line, "error", "severity").ShouldBe($"{error} {severity}");
            (line.TryGetProperty("user", out _), line.TryGetProperty("token", out _), line.TryGetProperty("scopes", out _))
                .ShouldBe((known, known, known));
        }
        // A request without credentials and a preflight are not logged. A rule without a scope is.
        await server.AuthorizeAsync("");
        var before = server.CountLines();
        await server.AuthorizeAsync("");
        await server.AuthorizeAsync(
            "", "https://example.com/", "OPTIONS", ("Origin", "https://example.com"), ("Access-Control-Request-Method", "GET"));
        server.Host.Logs.Lines.Skip(before).Where(line => line.GetProperty("severity").GetString() != "debug").ShouldBeEmpty();
        await server.AuthorizeAsync("", "https://example.com/", "OPTIONS");
        await server.AuthorizeAsync(
            "", "https://example.com/", "OPTIONS", ("Origin", "https://example.org"), ("Access-Control-Request-Method", "GET"));
        server.LinesSince(before, "Non-CORS OPTIONS requests not supported").Count.ShouldBe(1);
        server.LinesSince(before, "Cross-origin request not allowed").Count.ShouldBe(1);
    }

    /// <summary>LOG-007.</summary>
    [Theory, EveryMode]
    public async Task The_logged_address_is_the_clients_and_not_the_proxys(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("far-away", "read:all");
        var lineCount = server.CountLines();
        await server.AuthorizeAsync(
            "", TestServer.Bearer(browser.Session), ("X-Forwarded-For", "2001:db8:85a3:8d3:1319:8a2e:370:734, 10.0.0.1"),
            ("X-Forwarded-Proto", "https, http"),
            ("X-Forwarded-Host", "evil.org"));
        var request = server.LinesSince(lineCount, "Token authorized").Single().GetProperty("httpRequest");
        Field(request, "remoteIp", "requestUrl").ShouldBe(
            $"2001:db8:85a3:8d3:1319:8a2e:370:734 https://{server.Host.Url.Authority}/ingress/auth");
    }

    /// <summary>The configured lifetime of sessions, in seconds.</summary>
    private static long Lifetime => (long)new Tokens.TokenOptions().Lifetime.TotalSeconds;

    private static string Field(JsonElement line, params string[] names) =>
        string.Join(' ', names.Select(name => line.GetProperty(name).ToString()));
}
