using Porthor.Testing;
using Porthor.Tokens;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

public sealed partial class TokenBodyTests
{
    [Theory, EveryMode]
    public async Task Values_at_the_limits_are_accepted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var number = 0;
        foreach (var (fields, expected) in (IEnumerable<(string, string)>)[
            ("\"uid\":9223372036854775807,\"gid\":1", "\"uid\":9223372036854775807,\"gid\":1,\"groups\":[]"),
            ("\"uid\":\" +1_0.0 \",\"gid\":7.0", "\"uid\":10,\"gid\":7,\"groups\":[]"),
            ("\"uid\":true,\"gid\":\"007\"", "\"uid\":1,\"gid\":7,\"groups\":[]"),
            ("\"groups\":[]", "\"groups\":[]"), ("\"groups\":[{\"name\":\"A.b_c-9\",\"id\":-9223372036854775808}]",
                "\"groups\":[{\"name\":\"A.b_c-9\",\"id\":-9223372036854775808}]"),
            // Of two equal fields the last one applies, and unknown fields are ignored.
            ("\"name\":\"first\",\"name\":\"\\u00e9 \\ud83d\\ude00 \\\" \\\\ \\u0001\",\"nonsense\":{\"x\":[]}",
                "\"name\":\"é 😀 \\\" \\\\ \\u0001\",\"groups\":[]"),
            ($"\"name\":\"{new string('n', 5000)}\",\"email\":\" \"",
                $"\"name\":\"{new string('n', 5000)}\",\"email\":\" \",\"groups\":[]")])
        {
            var username = $"edge-{new string('x', 55)}{(char)('a' + number)}";
            var name = string.Concat(Enumerable.Repeat("😀", 63)) + (char)('a' + number++);
            var answer = await server.PostAsync(
                "/tokens", $"{{\"username\":\"{username}\",\"token_type\":\"user\",\"token_name\":\"{name}\",{fields}}}", server.Bootstrap);
            answer.StatusCode.ShouldBe(201, answer.Body);
            var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
            (await server.GetAsync("/user-info", TestServer.Bearer(token))).ShouldBe(200, $"{{\"username\":\"{username}\",{expected}}}");
            (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json.GetProperty("token_name").GetString().ShouldBe(name);
        }
    }

    /// <summary>All formats of a time, without fractions of a second (contract/api.md 3.4).</summary>
    [Theory, EveryMode]
    public async Task An_expiration_is_accepted_in_all_formats_of_a_time(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("ender");
        const long end = 1_900_000_000; // 2030-03-17T17:46:40Z
        foreach (var (index, (form, expected)) in Ends.Index())
        {
            var answer = await server.PostAsync(
                "/users/ender/tokens", $"{{\"token_name\":\"{index}\",\"expires\":{form}}}", browser.WriteHeaders);
            answer.StatusCode.ShouldBe(201, form);
            var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
            var info = await server.GetAsync("/token-info", TestServer.Bearer(token));
            info.StatusCode.ShouldBe(200, form);
            info.Json.GetProperty("expires").GetInt64().ShouldBe(end + expected, form);
        }
    }

    private static readonly (string Form, long Expected)[] Ends =
    [
        ("1900000000", 0), ("1900000000.999999", 0), ("\"1900000000\"", 0), ("\"+1900000000.5\"", 0), ("1.9e9", 0), ("1900000000000", 0),
        ("\"1900000000999\"", 0),
        ("\"2030-03-17T17:46:40Z\"", 0), ("\"2030-03-17t17:46:40.123456789z\"", 0), ("\"2030-03-17 17:46:40,5\"", 0),
        ("\"2030-03-17_17:46:40\"", 0),
        ("\"2030-03-17T19:46:40+02:00\"", 0), ("\"2030-03-17T12:16:40-0530\"", 0), ("\"2030-03-17T17:46\"", -40),
        ("\"2030-03-17T17:46+00:00\"", -40),
        ("\"2030-03-17\"", -(17 * 3600) - (46 * 60) - 40), ("253402300799000", 253402300799 - 1_900_000_000),
        ("\"9999-12-31T23:59:59.999999Z\"", 253402300799 - 1_900_000_000),
    ];
}
