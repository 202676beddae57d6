using Porthor.History;
using Porthor.Operations;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// A client sends headers that only the proxy may set. The tests send every header that has a meaning for Porthor or the site, in every
/// spelling.
/// </summary>
public sealed class SpoofTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    /// <summary>The forged value: no site and no log may contain it.</summary>
    private const string ForgedValue = "203.0.113.66";

    internal static readonly string[] Names =
    [
        "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Service", "X-Auth-Request-Token", "X-Auth-Request-Groups",
        "X-Auth-Request-Uid",
        "X-Auth-Request-Redirect", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Anything",
        "X-Original-URL", "X-Original-Method", "X-Original-Forwarded-For", "X-Original-URI", "X-Original-Anything",
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-User",
        "X-Forwarded-Email",
        "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Anything", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP",
        "X-Rewrite-URL", "Proxy", "Proxy-Authorization",
    ];

    /// <summary>Spellings of a header name that a site may treat as the same name.</summary>
    internal static readonly (string Spelling, Func<string, string> Write)[] Spellings =
    [
        ("plain", name => name), ("lower", name => name.ToLowerInvariant()), ("upper", name => name.ToUpperInvariant()),
        ("odd", name => string.Concat(name.Select((c, i) => i % 2 == 0 ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)))),
        ("underscores", name => name.Replace('-', '_')), ("lower underscores", name => name.Replace('-', '_').ToLowerInvariant()),
        ("first underscore", name => name[..2].Replace('-', '_') + name[2..]),
        ("last underscore", name => name[..^4] + name[^4..].Replace('-', '_')),
        ("some underscores", name => string.Concat(name.Select((c, i) => c == '-' && i % 2 == 0 ? '_' : c))),
        ("other underscores", name => string.Concat(name.Select((c, i) => c == '-' && i % 2 == 1 ? '_' : c))),
    ];

    [Theory, EveryProxy]
    public async Task No_forged_header_reaches_the_site(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var username = $"honest-{proxy}".ToLowerInvariant();
        var token = await fixture.LogInAsync(username);
        // Tests an authenticated location, one with a delegated token, and an anonymous one.
        foreach (var (spelling, write) in Spellings)
        {
            // Sends each header once and three times, in one request with all other names.
            foreach (var times in (int[])[1, 3])
            {
                string[] forgedHeaders = [
                    .. Enumerable.Repeat(Names, times).SelectMany(name => name).Select(name => $"{write(name)}: {ForgedValue}")];
                foreach (var path in (string[])["/", "/api/", "/public/"])
                {
                    var (status, body) = await client.SendRawAsync(
                        $"GET {path} HTTP/1.1", ["Host: example.com", $"Authorization: Bearer {token.Reveal()}", .. forgedHeaders]);
                    status.ShouldBe(200, $"{spelling} {path} {body}");
                    body.ShouldNotContain(ForgedValue, customMessage: $"{spelling} {path}");
                    body.ShouldNotContain(token.Reveal());
                    var arrived = Upstream.Read(body);
                    arrived.Header("X-Auth-Request-User").ShouldBe(path == "/public/" ? null : username, spelling);
                    arrived.Header("X-Forwarded-For").ShouldBe(ProxyFixture.ClientAddress, spelling);
                }
                var before = fixture.Site.Requests;
                (await client.SendRawAsync("GET / HTTP/1.1", ["Host: example.com", .. forgedHeaders])).Status.ShouldBe(401, spelling);
                fixture.Site.Requests.ShouldBe(before);
            }
        }
        // Porthor did not use the forged values either.
        fixture.Porthor.Logs.Raw.ShouldAllBe(line => !line.Contains(ForgedValue));
        fixture.Porthor.Logs.Lines.Where(
            line => line.TryGetProperty("user", out var user) && user.GetString() == username && line.TryGetProperty("auth_uri", out _))
            .Select(line => line.GetProperty("httpRequest").GetProperty("remoteIp").GetString()).Distinct()
            .ShouldBe([ProxyFixture.ClientAddress]);
        var history = await fixture.Porthor.Tokens.GetChangeHistoryAsync(
            TokenBuilders.Administrator(fixture.Porthor.Core.Clock),
            new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = username }, Cursor: null, Limit: null));
        var changes = await history.Rows.Select(change => $"{change.Action} {change.Service} {change.IpAddress}").ToListAsync();
        // The history contains the login, which the test made directly, and the delegated token.
        changes.ShouldBe([$"Create api {ProxyFixture.ClientAddress}", $"Create  {TokenBuilders.Address}"]);
    }

    /// <summary>Tests headers that would allow every request if Porthor trusted them: an OPTIONS method and a public page.</summary>
    [Theory, EveryProxy]
    public async Task No_header_changes_the_authorized_request(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var before = fixture.Site.Requests;
        string[] preflight = ["Origin: http://example.com", "Access-Control-Request-Method: PUT"];
        foreach (var (spelling, write) in Spellings)
        {
            string[] forgedHeaders = [$"{write("X-Original-Method")}: OPTIONS", $"{write("X-Forwarded-Method")}: OPTIONS",
                $"{write("X-Original-URL")}: http://example.com/public/", $"{write("X-Forwarded-Uri")}: /public/"];
            foreach (var request in (string[])["GET / HTTP/1.1", "POST /admin/ HTTP/1.1"])
                (await client.SendRawAsync(
                    request, ["Host: example.com", "Content-Length: 0", .. preflight, .. forgedHeaders])).Status.ShouldBe(
                        401, $"{spelling} {request}");
        }
        // With Connection, a client can make a proxy remove headers, but not headers that the proxy sets.
        (await client.SendRawAsync(
            "GET / HTTP/1.1", ["Host: example.com",
                "Connection: X-Forwarded-Method, X-Original-Method, X-Forwarded-For, X-Auth-Request-User", .. preflight]))
                    .Status.ShouldBe(401);
        fixture.Site.Requests.ShouldBe(before);
    }

    /// <summary>A request line can name another host than the Host header. The site must receive the host that was authorized.</summary>
    [Theory, EveryProxy]
    public async Task A_request_has_one_host(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var username = $"hosted-{proxy}".ToLowerInvariant();
        var token = await fixture.LogInAsync(username);
        var (status, body) = await client.SendRawAsync(
            "GET http://example.com/page HTTP/1.1", ["Host: evil.org", $"Authorization: Bearer {token.Reveal()}"]);
        if (status == 400)
            return;
        status.ShouldBe(200, body);
        var arrived = Upstream.Read(body);
        (arrived.Header("Host"), arrived.Header("X-Forwarded-Host")).ShouldBe(("example.com", "example.com"));
        (await fixture.LastLineAsync(username, "Token authorized")).GetProperty("auth_uri").GetString().ShouldBe("http://example.com/page");
    }

    /// <summary>The path selects the rule. No spelling of a path may select the rule of another path for the site.</summary>
    [Theory, EveryProxy]
    public async Task No_spelling_of_a_path_evades_its_rule(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync("walking");
        var before = fixture.Site.Requests;
        foreach (var path in (string[])[
            "/admin/", "//admin/", "///admin//", "/./admin/", "/%61dmin/", "/%61%64min/x", "/%2561dmin/../admin/", "/public/../admin/",
            "/public/./../admin/", "/public/%2e%2e/admin/",
            "/public/.%2E/admin/", "/public/..%2fadmin/", "/public/..%2Fadmin/x", "/public/x/../../admin/", "/public//../admin/",
            "/api/../admin/", "/api/%2e%2e/admin/"])
        {
            var (status, body) = await client.SendRawAsync(
                $"GET {path} HTTP/1.1", ["Host: example.com", $"Authorization: Bearer {token.Reveal()}"]);
            status.ShouldBeOneOf([400, 403, 404], $"{path} {body}");
            (await client.SendRawAsync($"GET {path} HTTP/1.1", ["Host: example.com"])).Status.ShouldBeOneOf([400, 401, 404], path);
        }
        fixture.Site.Requests.ShouldBe(before);

        // Similar paths that are not ambiguous are allowed.
        (await client.SendRawAsync(
            "GET /page%20one/a%2Fb?to=/../admin//x HTTP/1.1",
            ["Host: example.com", $"Authorization: Bearer {token.Reveal()}"])).Status.ShouldBe(200);
    }
}
