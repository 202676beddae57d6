using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// Requests that are larger than any client needs. Each is rejected before the server has read all of it, and the next request is answered.
/// </summary>
public sealed class RequestSizeTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const int MaxBodySize = 64 * 1024;
    private const string TooLarge = """{"detail":[{"msg":"The body is larger than 65536 bytes","type":"body_too_large"}]}""";

    [Fact]
    public async Task The_size_of_a_body_is_limited_to_64_KiB()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("heavy");
        var name = 0;
        string Body(int length) => $"{{\"token_name\":\"{name++}\"}}".PadRight(length);
        async Task<Answer> Send(string framing, string body) => (await server.SendRawAsync(
            $"POST /auth/api/v1/users/heavy/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + $"{browser.Cookie.Item1}: {browser.Cookie.Item2}\r\n{browser.Csrf.Item1}: {browser.Csrf.Item2}\r\n{framing}\r\n\r\n{body}"))!;
        string Chunked(string body) =>
            $"{string.Concat(body.Chunk(5000).Select(chunk => $"{chunk.Length:x}\r\n{new string(chunk)}\r\n"))}0\r\n\r\n";

        (await Send($"Content-Length: {MaxBodySize}", Body(MaxBodySize))).StatusCode.ShouldBe(201);
        // A chunked body can be a little shorter, because the chunk framing counts too.
        (await Send("Transfer-Encoding: chunked", Chunked(Body(MaxBodySize - 200)))).StatusCode.ShouldBe(201);

        // The bodies have a declared length, are not sent, have an extremely large length, or have no length.
        (await Send($"Content-Length: {MaxBodySize + 1}", Body(MaxBodySize + 1))).ShouldBe(413, TooLarge);
        (await Send($"Content-Length: {MaxBodySize + 1}", "")).ShouldBe(413, TooLarge);
        (await Send($"Content-Length: {long.MaxValue}", Body(100))).ShouldBe(413, TooLarge);
        (await Send("Transfer-Encoding: chunked", Chunked(Body(MaxBodySize + 1)))).ShouldBe(413, TooLarge);
        (await Send("Transfer-Encoding: chunked", "7fffffff\r\n" + Body(2 * MaxBodySize))).ShouldBe(413, TooLarge);

        (await server.GetAsync("/users/heavy/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(3);
    }

    /// <summary>The limit also applies to routes without a body, and before authentication.</summary>
    [Fact]
    public async Task The_size_of_an_unread_body_is_limited_too()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        foreach (var line in (string[])["GET /auth/api/v1/token-info", "DELETE /auth/api/v1/quota-overrides", "POST /auth/api/v1/tokens",
            "GET /health", "POST /nowhere"])
            (await server.SendRawAsync($"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {MaxBodySize + 1}\r\n\r\n"))!
                .ShouldBe(413, TooLarge);
        (await server.GetAsync("/token-info")).ShouldBeUnauthenticated();
    }

    [Fact]
    public async Task The_length_of_a_URL_is_limited_to_8_KiB()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        string Target(int length) => "/auth/api/v1/token-info?".PadRight(length, 'x');
        (await server.SendLineAsync($"GET {Target(8192)} HTTP/1.1"))!.StatusCode.ShouldBe(401);
        foreach (var length in (int[])[8193, 30000])
        {
            (await server.SendLineAsync($"GET {Target(length)} HTTP/1.1"))!
                .ShouldBe(414, """{"detail":[{"msg":"The URL is longer than 8192 bytes","type":"url_too_long"}]}""");
            (await server.SendLineAsync($"GET /{new string('y', length)} HTTP/1.1"))!.StatusCode.ShouldBe(414);
        }
        // Above this limit Kestrel itself responds, with its own body.
        (await server.SendLineAsync($"GET {Target(80000)} HTTP/1.1"))!.StatusCode.ShouldBe(414);
    }

    [Fact]
    public async Task The_total_size_of_headers_is_limited_to_32_KiB()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        const string line = "GET /auth/api/v1/token-info HTTP/1.1";
        const string refusal = """{"detail":[{"msg":"The headers are larger than 32768 bytes","type":"headers_too_large"}]}""";
        (await server.SendLineAsync(line, ("X-Large", new string('x', 32000))))!.ShouldBeUnauthenticated();
        (await server.SendLineAsync(line, ("X-Large", new string('x', 33000))))!.ShouldBe(431, refusal);
        (await server.SendLineAsync(line, ("Cookie", "gafaelfawr=" + new string('x', 33000))))!.ShouldBe(431, refusal);
        (await server.SendLineAsync(line, ("Authorization", "Bearer " + new string('x', 33000))))!.ShouldBe(431, refusal);
        (await server.SendLineAsync(line, [.. Enumerable.Range(0, 900).Select(i => ($"X-Many-{i}", new string('x', 40)))]))!
            .ShouldBe(431, refusal);
        // Above this limit Kestrel itself responds, with its own body.
        (await server.SendLineAsync(line, ("X-Large", new string('x', 200_000))))!.StatusCode.ShouldBe(431);
        (await server.SendLineAsync(line, [.. Enumerable.Range(0, 1100).Select(i => ($"X-{i}", ""))]))!.StatusCode.ShouldBe(431);
    }

    /// <summary>Validation errors repeat the invalid input, which can be all of a large body, several times.</summary>
    [Fact]
    public async Task A_body_with_many_errors_gets_a_response()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        foreach (var (body, errorCount) in (IEnumerable<(string, int)>)[
            ($"{{\"username\":\"bot-x\",\"token_type\":\"service\",\"scopes\":[{string.Join(',', Enumerable.Repeat("{}", 21000))}]}}",
                21000),
            ($"{{\"username\":\"bot-x\",\"token_type\":\"service\",\"groups\":[{string.Join(',', Enumerable.Repeat("{}", 21000))}]}}",
                42000),
            ($"{{\"x\":\"{new string('x', 65000)}\"}}", 2)])
        {
            var answer = await server.PostAsync("/tokens", body, server.Bootstrap);
            answer.StatusCode.ShouldBe(422);
            answer.Json.GetProperty("detail").GetArrayLength().ShouldBe(errorCount);
        }
        // Tests many unknown scopes and many unknown fields.
        (await server.PostAsync(
            "/tokens",
            $"{{\"username\":\"bot-x\",\"token_type\":\"service\",\"scopes\":\"{string.Join(',', Enumerable.Range(0, 10000))}\"}}",
            server.Bootstrap))
            .ShouldBeScopeError("Unknown scopes requested");
        var unknown = await server.PutAsync(
            "/quota-overrides", $"{{{string.Join(',', Enumerable.Range(0, 6000).Select(i => $"\"{i}\":0"))}}}", server.Bootstrap);
        unknown.StatusCode.ShouldBe(422);
        unknown.Json.GetProperty("detail").GetArrayLength().ShouldBe(6000);
        var many = await server.PutAsync(
            "/quota-overrides", $"{{\"default\":{{\"api\":{{{string.Join(',', Enumerable.Range(0, 6000).Select(i => $"\"{i}\":0"))}}}}}}}",
            server.Bootstrap);
        many.StatusCode.ShouldBe(200);
    }
}
