using System.Text;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>Header names and lists that a site, or the proxy itself, interprets in another way than the rules of the proxy.</summary>
public sealed partial class HeaderTests(RawProxyFixture fixture, RecordingProxyFixture recording)
    : IClassFixture<RawProxyFixture>, IClassFixture<RecordingProxyFixture>
{
    private const string ForgedValue = "203.0.113.66";

    /// <summary>The characters that RFC 9110 allows in a header name besides letters, digits and the hyphen.</summary>
    private const string OddCharacters = "!#$%&'*+.^_`|~";

    private static readonly string[] Identity =
        ["X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Service", "X-Auth-Request-Token", "X-Forwarded-For",
            "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP"];

    private static readonly string[] Paths = ["/", "/api/", "/admin/", "/public/"];

    /// <summary>Sites that convert header names, such as CGI, WSGI and PHP, read each of these names as the name with hyphens.</summary>
    [Theory, EveryProxy]
    public async Task A_header_name_with_other_characters_is_not_forwarded(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var username = $"folded-{proxy}".ToLowerInvariant();
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync(username, "admin:token,read:all")).Reveal()}";
        foreach (var odd in OddCharacters)
        {
            string[] names = [.. Identity.Concat(["X-Custom"]).SelectMany(
                name => (string[])[name.Replace('-', odd), ReplaceFirst(name, odd), name.Replace('-', odd)
                    .ToLowerInvariant(), $"{name}{odd}", $"{odd}{name}"])];
            foreach (var path in Paths)
            {
                var arrived = (await client.GetAsync(
                    path, [bearer, "X-Custom: kept", .. names.Select(name => $"{name}: {ForgedValue}")])).AtSite();
                arrived.Lines.ShouldAllBe(line => !line.Contains(ForgedValue), $"{odd} {path}");
                arrived.Variables("X-Auth-Request-User").ShouldBe(path == "/public/" ? [] : [username], $"{odd} {path}");
                arrived.Variables("X-Forwarded-For").ShouldBe([ProxyFixture.ClientAddress]);
                arrived.Variables("X-Real-IP").ShouldBe([ProxyFixture.ClientAddress]);
                arrived.Variables("X-Custom").ShouldBe(["kept"]);
            }
        }
    }

    /// <summary>Trailers arrive after Porthor's response. Some sites add them to the headers.</summary>
    [Theory, EveryProxy]
    public async Task A_trailer_does_not_become_a_header(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("trailing")).Reveal()}";
        foreach (var announced in (string[][])[[], ["Trailer: X-Auth-Request-User, X-Auth-Request-Email"],
            ["Trailer: X-Auth-Request-User", "Connection: Trailer, TE", "TE: trailers"]])
        {
            var head = string.Join("\r\n", ["POST / HTTP/1.1", "Host: example.com", bearer, "Transfer-Encoding: chunked", .. announced]);
            var answer = await client.SendTextAsync(
                $"{head}\r\n\r\n5\r\nhello\r\n0\r\nX-Auth-Request-User: {ForgedValue}\r\nX-Auth-Request-Email: {ForgedValue}\r\n\r\n");
            var arrived = answer.AtSite();
            // Caddy announces trailers that it does not send.
            arrived.Lines.ShouldAllBe(
                line => !line.Contains(ForgedValue)
                && (proxy == Proxy.Caddy || !line.StartsWith("Trailer", StringComparison.OrdinalIgnoreCase)));
            arrived.Values("X-Auth-Request-User").ShouldBe(["trailing"]);
            // HAProxy 2.6 cannot remove trailers; they remain after the body.
            if (proxy != Proxy.HAProxy)
                arrived.Trailers.ShouldBeEmpty();
        }
    }

    /// <summary>A site that answers TRACE returns the headers that only it may see, and CONNECT opens a tunnel.</summary>
    [Theory, EveryProxy]
    public async Task No_method_returns_headers_or_opens_a_tunnel(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("tracing", "admin:token,read:all")).Reveal()}";
        foreach (var request in (string[])["TRACE / HTTP/1.1", "TRACE /api/ HTTP/1.1", "TRACE /public/ HTTP/1.1",
            "TRACE /auth/tokens HTTP/1.1", "CONNECT /public/ HTTP/1.1", "CONNECT example.com:80 HTTP/1.1"])
            (await client.SendAsync(request, "Host: example.com", bearer)).Status.ShouldBeOneOf([400, 405], request);
        fixture.RawSite.Requests.ShouldAllBe(request => request.Method != "TRACE" && request.Method != "CONNECT");
    }

    /// <summary>A token in a header for proxies is not forwarded to the site.</summary>
    [Theory, EveryProxy]
    public async Task No_token_reaches_the_site_in_a_header_for_proxies(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var token = await fixture.LogInAsync("leaking", "admin:token,read:all");
        var basic = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{token.Reveal()}:x"));
        foreach (var path in Paths)
        {
            foreach (var name in (string[])["Proxy-Authorization", "proxy-authorization", "PROXY-AUTHORIZATION"])
            {
                var arrived =
                    (await client.GetAsync(
                        path, $"Authorization: Bearer {token.Reveal()}", $"{name}: Bearer {token.Reveal()}",
                        $"{name}: Basic {basic}")).AtSite();
                arrived.Variables("Proxy-Authorization").ShouldBeEmpty(path);
                arrived.Lines.ShouldAllBe(line => !line.Contains(token.Reveal()) && !line.Contains(basic));
            }
        }
    }

    /// <summary>
    /// A request can have more header lines than proxies accept by default. HAProxy accepts 101 and then responds with 400.
    /// </summary>
    [Theory, EveryProxy]
    public async Task A_request_can_have_many_headers(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("many")).Reveal()}";
        foreach (var path in (string[])["/", "/public/", "/auth/api/v1/token-info"])
        {
            foreach (var count in (int[])[90, 150, 950])
            {
                var answer = await client.GetAsync(
                    path, [bearer, .. Enumerable.Range(0, count).Select(number => $"X-Number-{number}: {number}")]);
                answer.Status.ShouldBe(200, $"{path} {count} {answer.Head}");
                if (path != "/auth/api/v1/token-info")
                    RawSite.Read(answer.Body).Lines.Count(line => line.StartsWith("X-Number-", StringComparison.OrdinalIgnoreCase))
                        .ShouldBe(count);
            }
            // Above the limits of Porthor or HAProxy a request is denied without a server error.
            var more = await client.GetAsync(path, [bearer, .. Enumerable.Range(0, 1100).Select(number => $"X-Number-{number}: {number}")]);
            more.Status.ShouldBeOneOf([400, 431], $"{path} {proxy}");
        }
    }

    /// <summary>RFC 6265 defines one Cookie header, whose cookies are separated by a semicolon and a space.</summary>
    [Theory, EveryProxy]
    public async Task Several_cookie_headers_are_joined_into_one(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var token = await fixture.LogInAsync("crumbling", "admin:token,read:all");
        var (_, cookie) = fixture.Porthor.Cookie(new SessionState { Token = token });
        foreach (var path in Paths)
        {
            var arrived = (await client.GetAsync(path, "Cookie: a=1; b=2", $"Cookie: {cookie}", "Cookie: c=3", "cookie: d=4,5")).AtSite();
            arrived.Values("Cookie").ShouldBe(["a=1; b=2; c=3; d=4,5"], path);
            arrived.Values("X-Auth-Request-User").ShouldBe(path == "/public/" ? [] : ["crumbling"], path);
            (await client.GetAsync(path, $"Cookie: {cookie}", $"Cookie: {cookie}")).AtSite().Values("Cookie").ShouldBeEmpty(path);
        }
    }

    private static string ReplaceFirst(string name, char by) => name[..name.IndexOf('-')] + by + name[(name.IndexOf('-') + 1)..];
}
