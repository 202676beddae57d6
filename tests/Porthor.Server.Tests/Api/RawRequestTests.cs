using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// Requests that HTTP client libraries do not send. Kestrel rejects some of them before Porthor's code runs, with an empty body: NUL in a
/// header, NUL in the path, an invalid host, a body with two lengths. All others get a response in the usual format.
/// </summary>
public sealed class RawRequestTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Line = "GET /auth/api/v1/token-info HTTP/1.1\r\n";

    [Theory]
    [InlineData(Line + "\r\n")]
    [InlineData(Line + "Host: \r\nHost: b\r\n\r\n")]
    [InlineData(Line + "Host: a b\r\n\r\n")]
    [InlineData(Line + "Host: <script>\r\n\r\n")]
    [InlineData(Line + "Host: evil.example/path\r\n\r\n")]
    [InlineData(Line + "Host: user@evil.example\r\n\r\n")]
    [InlineData(Line + "Host: x\r\nX-Null: a\0b\r\n\r\n")]
    [InlineData(Line + "Host: x\r\nBad Header: y\r\n\r\n")]
    [InlineData(Line + "Host: x\r\nno-colon\r\n\r\n")]
    [InlineData(Line + "Host: x\r\nX-Folded: a\r\n b\r\n\r\n")]
    [InlineData(Line + "Host: x\r\n: empty\r\n\r\n")]
    [InlineData(Line + "Host: x\r\nX-Bare: a\rSet-Cookie: b\r\n\r\n")]
    [InlineData("GET /auth/api/v1/users/a%00b/tokens HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /\xFF HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET  HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/3.0\r\nHost: x\r\n\r\n")]
    [InlineData("G\0T / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\r\n\r\n")]
    public async Task The_web_server_rejects_invalid_requests(string request)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = (await server.SendRawAsync(request)).ShouldNotBeNull();
        answer.StatusCode.ShouldBeOneOf(400, 405, 505);
        answer.Body.ShouldBeEmpty();
        (await server.SendAsync(HttpMethod.Get, "/health")).StatusCode.ShouldBe(200);
    }

    [Theory]
    // Unusual but valid hosts: a name that no resolver accepts must not cause a server error.
    [InlineData(Line + "Host: \r\nConnection: close\r\n\r\n", 401)]
    [InlineData(Line + "Host: !..!\r\nConnection: close\r\n\r\n", 401)]
    [InlineData(Line + "Host: ..\r\nConnection: close\r\n\r\n", 401)]
    [InlineData(Line
        + "Host: (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)\r\nConnection: close\r\n\r\n", 401)]
    [InlineData(Line + "Host: a:99999999\r\nConnection: close\r\n\r\n", 401)]
    [InlineData(Line + "Host: [::1]:80\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("GET http://example.com/auth/api/v1/token-info HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("GET /auth/api/v1/token-info/ HTTP/1.1\r\nHost: !..!\r\nConnection: close\r\n\r\n", 307)]
    [InlineData("GET /auth/api/v1/token-info HTTP/1.0\r\n\r\n", 401)]
    [InlineData("GET /auth/api/v1/token-info/ HTTP/1.0\r\n\r\n", 307)]
    [InlineData("GET /auth/api/v1/users/%FF/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("GET /auth/api/v1/users/..%2F..%2Fx/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("GET /auth/api/v1/token-info?%FF=%C3&&=&%&a%zz=%u0041&x=%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("GET /auth/api/v1/x/../token-info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("GET \\auth\\api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("FOO /auth/api/v1/token-info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405)]
    [InlineData(Line + "Host: x\r\nConnection: close\r\nX-Forwarded-For: \x01,,,::,1.2.3.4%0\r\nX-Forwarded-Proto: ,,\r\n\r\n", 401)]
    [InlineData(Line + "Host: x\r\nConnection: close\r\nCookie: ;;=;gafaelfawr;=gafaelfawr=;\"gafaelfawr\"=x\r\n\r\n", 401)]
    [InlineData(Line + "Host: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", 401)]
    [InlineData(Line + "Host: x\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n", 401)]
    [InlineData("POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n", 400)]
    [InlineData("POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400)]
    [InlineData(
        "POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \xE4;;;=\"\r\nContent-Length: 2\r\n\r\n{}",
        401)]
    [InlineData(Line + "Host: x\r\nConnection: close\r\nAuthorization: Bearer \xFF\r\n\r\n", 401)]
    [InlineData(Line + "Host: x\r\nConnection: close\r\nCookie: gafaelfawr=\xC3\x28\r\n\r\n", 401)]
    public async Task Unusual_requests_get_a_response_in_the_usual_format(string request, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = (await server.SendRawAsync(request)).ShouldNotBeNull();
        answer.StatusCode.ShouldBe(status, answer.Body);
        if (status >= 400 && answer.Body.Length > 0)
            answer.Json.TryGetProperty("detail", out _).ShouldBeTrue();
        (await server.SendAsync(HttpMethod.Get, "/health")).StatusCode.ShouldBe(200);
        server.Host.Logs.Lines.ShouldNotContain(line => line.GetProperty("event").GetString() == "Uncaught exception");
    }

    /// <summary>Links contain the host as the client sent it. Redirects use the configured base URL.</summary>
    [Theory]
    [InlineData("xn--bcher-kva.example:8443")]
    [InlineData("!..!")]
    [InlineData("a!$(b)")]
    public async Task Links_contain_the_host_as_it_was_sent(string host)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("hosted");
        string Request(string path) =>
            $"GET /auth/api/v1{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nCookie: {browser.Cookie.Item2}\r\n\r\n";
        var lineCount = server.CountLines();
        (await server.SendRawAsync(Request("/users/hosted/token-change-history?limit=5")))!.Header("Link")
            .ShouldBe($"<http://{host}/auth/api/v1/users/hosted/token-change-history?limit=5>; rel=\"first\"");
        (await server.SendRawAsync(Request("/token-info/")))!.Header("Location").ShouldBe("https://example.com/auth/api/v1/token-info");
        (await server.SendRawAsync(Request("/history/token-changes")))!.StatusCode.ShouldBe(403);
        server.LinesSince(lineCount, "Permission denied")
            .ShouldHaveSingleItem().GetProperty("httpRequest").GetProperty("requestUrl").GetString()
            .ShouldBe($"http://{host}/auth/api/v1/history/token-changes");
    }
}
