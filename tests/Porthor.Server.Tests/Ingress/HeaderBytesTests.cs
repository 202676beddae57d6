using System.Net.Sockets;
using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Header values are bytes (RFC 9110 section 5.5): they are accepted and returned unchanged (deviations 40).</summary>
public sealed class HeaderBytesTests(ForwardServers servers) : IClassFixture<ForwardServers>
{
    /// <summary>Every byte that a field value may contain.</summary>
    private static readonly string AllBytes = new(
        [.. Enumerable.Range(0x20, 0xE0).Where(code => code is not (0x7F or '%')).Select(code => (char)code), '\t', 'x']);

    [Fact]
    public async Task Bytes_are_returned_unchanged()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("opaque", "read:all");
        string[] cookies =
            ["n=M\u00fcller", "n=\u00c3\u00bc", "n=\u00c3\u00a0", "n=a\u0080\u0085\u0099\u009fb", "\u00ff=\u00fe", "n=a\tb",
                $"n={AllBytes.Replace(";", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal)}"];
        foreach (var route in (string[])["/ingress/auth?scope=read:all", "/ingress/anonymous", "/ingress/forward?scope=read:all"])
        {
            foreach (var cookie in cookies)
            {
                var answer = await RawAsync(
                    server, route, $"Cookie: {browser.Cookie.Item2}; {cookie}\r\nAuthorization: Custom {AllBytes}\r\n");
                answer.ShouldStartWith("HTTP/1.1 200 ", customMessage: $"{route} {cookie}\n{answer}");
                answer.ShouldContain($"\r\nCookie: {cookie}\r\n", Case.Sensitive, route);
                answer.ShouldContain($"\r\nAuthorization: Custom {AllBytes}\r\n", Case.Sensitive, route);
            }
        }
    }

    [Fact]
    public async Task No_header_is_rejected_for_its_bytes()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("bytes", "read:all");
        var bearer = $"Authorization: Bearer {browser.Session.Reveal()}\r\n";
        foreach (var name in (string[])["X-Any", "Cookie", "User-Agent", "Referer", "Origin", "X-Requested-With", "X-Original-URL",
            "Accept", "Accept-Language", "X-Forwarded-For", "X-CSRF-Token", "If-None-Match"])
        {
            foreach (var path in (string[])[
                "/ingress/auth?scope=read:all", "/ingress/anonymous", "/auth/api/v1/token-info", "/health/live"])
            {
                var answer = await RawAsync(server, path, $"{bearer}{name}: a=\u00fc\u0080\u00ff\r\n");
                answer.ShouldStartWith("HTTP/1.1 200 ", customMessage: $"{path} {name}\n{answer}");
            }
        }
        (await RawAsync(server, "/ingress/auth", "Authorization: Basic \u00fc\u00ff\r\n")).ShouldStartWith("HTTP/1.1 403 ");
        (await RawAsync(server, "/login?rd=https://example.com/", "X-Auth-Request-Redirect: https://example.com/\u00ff\r\n"))
            .ShouldNotStartWith("HTTP/1.1 5");
        server.Host.Logs.Lines.ShouldNotContain(line => line.GetProperty("event").GetString() == "Uncaught exception");
    }

    [Fact]
    public async Task Displayed_headers_are_text()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("shown", "read:all", TokenBuilders.SomeUser with { Email = "m\u00e9@example.com" });
        var lineCount = server.CountLines();
        var utf8 = Latin1("https://example.com/caf\u00e9/\u540d");
        var answer = await RawAsync(
            server, "/ingress/auth?scope=read:all",
            $"Authorization: Bearer {browser.Session.Reveal()}\r\nUser-Agent: {Latin1("br\u00f6wser")}\r\nX-Original-URL: {utf8}\r\n",
            withUrl: false);
        // Porthor's own texts are sent as UTF-8.
        answer.ShouldContain($"\r\nX-Auth-Request-Email: {Latin1("m\u00e9@example.com")}\r\n");
        var line = server.LinesSince(lineCount, "Token authorized").Single();
        line.GetProperty("auth_uri").GetString().ShouldBe("https://example.com/caf\u00e9/\u540d");
        line.GetProperty("httpRequest").GetProperty("userAgent").GetString().ShouldBe("br\u00f6wser");

        (await RawAsync(server, "/ingress/auth", $"Authorization: {Latin1("Sch\u00e9ma")} x\r\n")).ShouldContain(
            Latin1("Unknown Authorization type Sch\u00e9ma"));
    }

    /// <summary>After login, a browser is redirected to the same URL, with any bytes.</summary>
    [Fact]
    public async Task The_return_URL_keeps_its_bytes()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        foreach (var (uri, expected) in (IEnumerable<(string, string)>)[("/a\u00ffb", "%2Fa%25FFb"), (Latin1("/caf\u00e9"), "%2Fcaf%C3%A9"),
            ("/a%FFb", "%2Fa%25FFb")])
        {
            var answer = await server.SendRawAsync(
                $"GET /ingress/forward HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\nX-Forwarded-Method: "
                    + $"GET\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: example.com\r\nX-Forwarded-Uri: {uri}\r\n\r\n");
            answer!.Header("Location").ShouldBe($"/login?rd=https%3A%2F%2Fexample.com{expected}");
        }
    }

    [Theory]
    [InlineData("GET /ingress/auth?x=\u00ff HTTP/1.1")]
    [InlineData("GET /ingress/\u00ff HTTP/1.1")]
    [InlineData("GET /auth/tokens?rd=%FF%C3 HTTP/1.1")]
    [InlineData("GET /auth/api/v1/users/%FF%C3/tokens HTTP/1.1")]
    public async Task Bytes_in_the_request_line_cause_no_server_error(string line)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.SendLineAsync(line))!.StatusCode.ShouldBeInRange(200, 499);
    }

    /// <summary>Returns the UTF-8 bytes of a text as Latin-1 characters.</summary>
    private static string Latin1(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends a GET request and returns the response as Latin-1 characters.</summary>
    private static async Task<string> RawAsync(ApiServer server, string path, string headers, bool withUrl = true)
    {
        var original = withUrl ? "X-Original-URL: https://example.com/\r\n" : "";
        var request =
            $"GET {path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n{original}X-Original-Method: GET\r\nX-Forwarded-Method: "
                + $"GET\r\nX-Forwarded-Host: example.com\r\nX-Forwarded-Uri: /\r\n{headers}\r\n";
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host.Url.Host, server.Host.Url.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }
}
