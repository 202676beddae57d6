using Porthor.History;
using Porthor.Operations;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// A client that says itself what only the gate may say: in every header that means something to Porthor or to the site, and
/// in every way of writing it.
/// </summary>
public sealed class SpoofTests(Gate gate) : IClassFixture<Gate>
{
    /// <summary>An address, a name and a token that must not arrive anywhere.</summary>
    private const string Lie = "203.0.113.66";

    internal static readonly string[] Names =
    [
        "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Service", "X-Auth-Request-Token", "X-Auth-Request-Groups", "X-Auth-Request-Uid",
        "X-Auth-Request-Redirect", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Anything",
        "X-Original-URL", "X-Original-Method", "X-Original-Forwarded-For", "X-Original-URI", "X-Original-Anything",
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-User", "X-Forwarded-Email",
        "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Anything", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "X-Rewrite-URL", "Proxy", "Proxy-Authorization",
    ];

    /// <summary>Ways to write a name that a site may take for the name.</summary>
    internal static readonly (string Way, Func<string, string> Write)[] Ways =
    [
        ("plain", name => name), ("lower", name => name.ToLowerInvariant()), ("upper", name => name.ToUpperInvariant()),
        ("odd", name => string.Concat(name.Select((c, i) => i % 2 == 0 ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)))),
        ("underscores", name => name.Replace('-', '_')), ("lower underscores", name => name.Replace('-', '_').ToLowerInvariant()),
        ("first underscore", name => name[..2].Replace('-', '_') + name[2..]), ("last underscore", name => name[..^4] + name[^4..].Replace('-', '_')),
        ("some underscores", name => string.Concat(name.Select((c, i) => c == '-' && i % 2 == 0 ? '_' : c))),
        ("other underscores", name => string.Concat(name.Select((c, i) => c == '-' && i % 2 == 1 ? '_' : c))),
    ];

    [Theory, EveryProxy]
    public async Task Nothing_that_a_client_says_about_itself_gets_across(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var username = $"honest-{proxy}".ToLowerInvariant();
        var token = await gate.LogInAsync(username);
        // A site with many ways in: as somebody, as nobody, and where there is nobody.
        foreach (var (way, write) in Ways)
        {
            // Once and three times over, in one request with all the other names.
            foreach (var times in (int[])[1, 3])
            {
                string[] lies = [.. Enumerable.Repeat(Names, times).SelectMany(name => name).Select(name => $"{write(name)}: {Lie}")];
                foreach (var path in (string[])["/", "/api/", "/public/"])
                {
                    var (status, body) = await visitor.SendRawAsync($"GET {path} HTTP/1.1", ["Host: example.com", $"Authorization: Bearer {token.Reveal()}", .. lies]);
                    status.ShouldBe(200, $"{way} {path} {body}");
                    body.ShouldNotContain(Lie, customMessage: $"{way} {path}");
                    body.ShouldNotContain(token.Reveal());
                    var arrived = Upstream.Read(body);
                    arrived.Header("X-Auth-Request-User").ShouldBe(path == "/public/" ? null : username, way);
                    arrived.Header("X-Forwarded-For").ShouldBe(Gate.ClientAddress, way);
                }
                var before = gate.Site.Requests;
                (await visitor.SendRawAsync("GET / HTTP/1.1", ["Host: example.com", .. lies])).Status.ShouldBe(401, way);
                gate.Site.Requests.ShouldBe(before);
            }
        }
        // Nor did Porthor believe any of it.
        gate.Porthor.Logs.Raw.ShouldAllBe(line => !line.Contains(Lie));
        gate.Porthor.Logs.Lines.Where(line => line.TryGetProperty("user", out var user) && user.GetString() == username && line.TryGetProperty("auth_uri", out _))
            .Select(line => line.GetProperty("httpRequest").GetProperty("remoteIp").GetString()).Distinct().ShouldBe([Gate.ClientAddress]);
        var history = await gate.Porthor.Tokens.GetChangeHistoryAsync(
            TokenBuilders.Administrator(gate.Porthor.Core.Clock), new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = username }, Cursor: null, Limit: null));
        var changes = await history.Rows.Select(change => $"{change.Action} {change.Service} {change.IpAddress}").ToListAsync();
        // The login, which was made at the other end, and the token for the service.
        changes.ShouldBe([$"Create api {Gate.ClientAddress}", $"Create  {TokenBuilders.Address}"]);
    }

    /// <summary>What would let anybody through if it were believed: an OPTIONS, and a page that is public.</summary>
    [Theory, EveryProxy]
    public async Task No_header_turns_a_request_into_another(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var before = gate.Site.Requests;
        string[] preflight = ["Origin: http://example.com", "Access-Control-Request-Method: PUT"];
        foreach (var (way, write) in Ways)
        {
            string[] lies = [$"{write("X-Original-Method")}: OPTIONS", $"{write("X-Forwarded-Method")}: OPTIONS", $"{write("X-Original-URL")}: http://example.com/public/", $"{write("X-Forwarded-Uri")}: /public/"];
            foreach (var request in (string[])["GET / HTTP/1.1", "POST /admin/ HTTP/1.1"])
                (await visitor.SendRawAsync(request, ["Host: example.com", "Content-Length: 0", .. preflight, .. lies])).Status.ShouldBe(401, $"{way} {request}");
        }
        // Hop by hop: a client may ask a proxy to drop headers, which must not be those of the proxy.
        (await visitor.SendRawAsync(
            "GET / HTTP/1.1", ["Host: example.com", "Connection: X-Forwarded-Method, X-Original-Method, X-Forwarded-For, X-Auth-Request-User", .. preflight])).Status.ShouldBe(401);
        gate.Site.Requests.ShouldBe(before);
    }

    /// <summary>A request line may name another host than the Host header. What the gate decides on is what the site gets.</summary>
    [Theory, EveryProxy]
    public async Task A_request_has_one_host(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var username = $"hosted-{proxy}".ToLowerInvariant();
        var token = await gate.LogInAsync(username);
        var (status, body) = await visitor.SendRawAsync("GET http://example.com/page HTTP/1.1", ["Host: evil.org", $"Authorization: Bearer {token.Reveal()}"]);
        if (status == 400)
            return;
        status.ShouldBe(200, body);
        var arrived = Upstream.Read(body);
        (arrived.Header("Host"), arrived.Header("X-Forwarded-Host")).ShouldBe(("example.com", "example.com"));
        (await gate.LastLineAsync(username, "Token authorized")).GetProperty("auth_uri").GetString().ShouldBe("http://example.com/page");
    }

    /// <summary>The rule is chosen by the path. It must not be another's, however the site reads the path later on.</summary>
    [Theory, EveryProxy]
    public async Task No_spelling_of_a_path_evades_its_rule(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync("walking");
        var before = gate.Site.Requests;
        foreach (var path in (string[])[
            "/admin/", "//admin/", "///admin//", "/./admin/", "/%61dmin/", "/%61%64min/x", "/%2561dmin/../admin/", "/public/../admin/", "/public/./../admin/", "/public/%2e%2e/admin/",
            "/public/.%2E/admin/", "/public/..%2fadmin/", "/public/..%2Fadmin/x", "/public/x/../../admin/", "/public//../admin/", "/api/../admin/", "/api/%2e%2e/admin/"])
        {
            var (status, body) = await visitor.SendRawAsync($"GET {path} HTTP/1.1", ["Host: example.com", $"Authorization: Bearer {token.Reveal()}"]);
            status.ShouldBeOneOf([400, 403, 404], $"{path} {body}");
            (await visitor.SendRawAsync($"GET {path} HTTP/1.1", ["Host: example.com"])).Status.ShouldBeOneOf([400, 401, 404], path);
        }
        gate.Site.Requests.ShouldBe(before);

        // What is only like it is not meant.
        (await visitor.SendRawAsync("GET /page%20one/a%2Fb?to=/../admin//x HTTP/1.1", ["Host: example.com", $"Authorization: Bearer {token.Reveal()}"])).Status.ShouldBe(200);
    }
}
