using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Porthor.Server.Hosting;
using Porthor.Testing;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

/// <summary>The order of the checks if a request has several errors (contract/api.md 1).</summary>
public sealed class ProcessingOrderTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string UsernamePattern = "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";

    private static readonly string[] Writes =
        ["POST /tokens", "POST /users/Some_User/tokens", "PATCH /users/Some_User/tokens/short", "PUT /quota-overrides"];

    [Theory, EveryMode]
    public async Task Invalid_JSON_is_rejected_before_authentication(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var (method, path) in Writes.Select(Split))
        {
            (await server.SendAsync(method, path, "{\"token_name\": }"))
                .ShouldBeInvalid(Error("json_invalid", "\"body\",15", "JSON decode error", "{}", """{"error":"Expecting value"}"""));
            (await server.SendAsync(method, path, "{\"a\": 1} x", ("Authorization", "Bearer")))
                .ShouldBeInvalid(Error("json_invalid", "\"body\",9", "JSON decode error", "{}", """{"error":"Extra data"}"""));
            (await server.SendAsync(method, path, "{a: 1}"))
                .ShouldBeInvalid(Error(
                    "json_invalid", "\"body\",1", "JSON decode error", "{}",
                    """{"error":"Expecting property name enclosed in double quotes"}"""));
            (await SendBytesAsync(server, method, path, [.. "{\"token_name\":\""u8, 0xFF, .. "\"}"u8]))
                .ShouldBe(400, """{"detail":"There was an error parsing the body"}""");
        }
    }

    [Theory, EveryMode]
    public async Task Authentication_comes_before_validation(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("orderly");
        foreach (var (method, path) in Writes.Select(Split))
        {
            (await server.SendAsync(method, path, "[]")).ShouldBeUnauthenticated();
            (await server.SendAsync(method, path, "null", ("Authorization", "Bearer x"))).DetailType.ShouldBe("invalid_token");
            (await server.SendAsync(method, path, "5", browser.Cookie)).DetailType.ShouldBe("invalid_csrf");
        }
        foreach (var path in (string[])["/tokens", "/quota-overrides"])
            (await server.SendAsync(path == "/tokens" ? HttpMethod.Post
                : HttpMethod.Put, ApiServer.Prefix + path, "[]", browser.WriteHeaders))
                .DetailType.ShouldBe("permission_denied");
        (await server.GetAsync("/history/token-changes?limit=0&ip_address=x", browser.Cookie)).DetailType.ShouldBe("permission_denied");
        (await server.GetAsync("/users/Some_User/tokens/short")).ShouldBeUnauthenticated();
    }

    /// <summary>
    /// Errors of the path come first, then those of the query and of the body, each in the order of the fields. All are reported before the
    /// permissions for the user are checked.
    /// </summary>
    [Theory, EveryMode]
    public async Task All_errors_are_reported_at_once(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("complete");
        (await server.PatchAsync(
            "/users/Some_User/tokens/short", new { expires = true, scopes = 5, token_name = "" }, browser.WriteHeaders)).ShouldBeInvalid(
            Error(
                "string_pattern_mismatch", "\"path\",\"username\"", $"String should match pattern '{UsernamePattern}'", "\"Some_User\"",
                $$"""{"pattern":"{{UsernamePattern}}"}"""),
            Error(
                "string_too_short", "\"path\",\"key\"", "String should have at least 22 characters", "\"short\"", """{"min_length":22}"""),
            Error("string_too_short", "\"body\",\"token_name\"", "String should have at least 1 character", "\"\"", """{"min_length":1}"""),
            Error("set_type", "\"body\",\"scopes\"", "Input should be a valid set", "5"),
            Error("datetime_type", "\"body\",\"expires\"", "Input should be a valid datetime", "true"));

        (await server.GetAsync("/users/Some_User/token-change-history?token_type=x&limit=0&cursor=x&key=x&until=x&since=x", browser.Cookie))
            .ShouldBeInvalid(
            Error(
                "string_pattern_mismatch", "\"path\",\"username\"", $"String should match pattern '{UsernamePattern}'", "\"Some_User\"",
                $$"""{"pattern":"{{UsernamePattern}}"}"""),
            Error(
                "string_pattern_mismatch", "\"query\",\"cursor\"", "String should match pattern '^p?[0-9]+_[0-9]+$'", "\"x\"",
                """{"pattern":"^p?[0-9]+_[0-9]+$"}"""),
            Error("greater_than_equal", "\"query\",\"limit\"", "Input should be greater than or equal to 1", "\"0\"", """{"ge":1}"""),
            Error(
                "datetime_from_date_parsing", "\"query\",\"since\"", "Input should be a valid datetime or date, input is too short",
                "\"x\"", """{"error":"input is too short"}"""),
            Error(
                "datetime_from_date_parsing", "\"query\",\"until\"", "Input should be a valid datetime or date, input is too short",
                "\"x\"", """{"error":"input is too short"}"""),
            Error("string_too_short", "\"query\",\"key\"", "String should have at least 22 characters", "\"x\"", """{"min_length":22}"""),
            Error(
                "enum", "\"query\",\"token_type\"", "Input should be 'session', 'user', 'notebook', 'internal', 'service' or 'oidc'",
                "\"x\"",
                """{"expected":"'session', 'user', 'notebook', 'internal', 'service' or 'oidc'"}"""));
    }

    /// <summary>
    /// A peer on a Unix socket counts as loopback: its requests need no forwarded address, and a forwarded address is accepted.
    /// </summary>
    [Fact]
    public async Task A_peer_on_a_Unix_socket_counts_as_loopback()
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Embedded);
        var core = await deployment.OpenNodeAsync();
        var socket = Path.Combine(deployment.Settings.DataDirectory, "s");
        using var loggers = LoggerFactory.Create(_ => { });
        await using var app = ServerHost.Build(core, $"http://unix:{socket}", loggers);
        await app.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });
        async Task<Answer> SendAsync(HttpMethod method, string? body, params (string, string)[] headers)
        {
            using var request = new HttpRequestMessage(method, $"http://localhost/auth/api/v1/{(body is null ? "token-info" : "tokens")}");
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var response = await client.SendAsync(request);
            return await Answer.ReadAsync(response);
        }

        (await SendAsync(HttpMethod.Get, null)).DetailType.ShouldBe("no_authorization");
        (await SendAsync(HttpMethod.Post, "{")).DetailType.ShouldBe("json_invalid");
        var caller = await core.Tokens.SessionForAsync("some-user");
        (await SendAsync(HttpMethod.Get, null, TestServer.Bearer(caller.Record.Token))).StatusCode.ShouldBe(200);
        (await SendAsync(
            HttpMethod.Get, null, ("X-Forwarded-For", "192.0.2.1"), TestServer.Bearer(caller.Record.Token))).StatusCode.ShouldBe(200);
    }

    private static (HttpMethod Method, string Path) Split(string route)
    {
        var parts = route.Split(' ');
        return (new HttpMethod(parts[0]), ApiServer.Prefix + parts[1]);
    }

    private static async Task<Answer> SendBytesAsync(ApiServer server, HttpMethod method, string path, byte[] body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var response = await server.Host.Client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }
}
