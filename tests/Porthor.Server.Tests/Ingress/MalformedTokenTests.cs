using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>A token with characters that no issued token has is treated like an unknown token and not counted as a store failure.</summary>
public sealed class MalformedTokenTests(IngressServers servers) : IClassFixture<IngressServers>
{
    private static readonly string[] UnusualHalves =
        ["\0", "a\0b", "\n", "\r\n", "\t", " ", "%00", "%", "'", "\"", "\\", ";", "=", "\u007f", "\u0080", "\u00fc", "\u20ac", "\U0001F600",
            "\ufffe", "\uffff", "\u202e"];

    [Theory, EveryMode]
    public async Task A_token_with_unusual_characters_is_treated_as_unknown(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var lineCount = server.CountLines();
        var unknown = Token.Create();
        var expected = await server.AuthorizeAsync("", Basic($"{unknown.Reveal()}:x"));
        expected.ShouldBeError(401, 401, "invalid_token", "Token is not valid");
        var expectedByApi = await server.GetAsync("/token-info", Basic($"{unknown.Reveal()}:x"));
        var expectedByCookie = await server.AuthorizeAsync("", server.Host.Cookie(new SessionState { Token = unknown }));
        foreach (var token in UnusualTokens())
        {
            foreach (var pair in (string[])[$"{token}:x-oauth-basic", $"x-oauth-basic:{token}", $"{token}:{token}"])
                ShouldBeEqual(await server.AuthorizeAsync("", Basic(pair)), expected, token);
            ShouldBeEqual(await server.GetAsync("/token-info", Basic($"{token}:x")), expectedByApi, token);
            if (Token.TryParse(token, out var parsed))
                ShouldBeEqual(await server.AuthorizeAsync("", server.Host.Cookie(new SessionState { Token = parsed })),
                    expectedByCookie, token);
        }
        server.LinesSince(lineCount, "Store not available").ShouldBeEmpty();
        server.LinesSince(lineCount, "Uncaught exception").ShouldBeEmpty();
    }

    /// <summary>Keys in paths: Kestrel rejects NUL; otherwise the status is 404, as for an unknown key.</summary>
    [Theory, EveryMode]
    public async Task A_key_with_unusual_characters_is_not_found(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("odd-keys", "user:token");
        var lineCount = server.CountLines();
        foreach (var unusual in UnusualHalves.Where(unusual => unusual is not ("%" or "\\")))
        {
            // The API counts code points.
            var key = Uri.EscapeDataString(Pad(unusual) + (char.IsSurrogate(unusual[0]) ? "A" : ""));
            foreach (var path in (string[])[$"/users/odd-keys/tokens/{key}", $"/users/odd-keys/tokens/{key}/change-history"])
                (await server.GetAsync(path, browser.Cookie)).StatusCode.ShouldBe(
                    unusual.Contains('\0', StringComparison.Ordinal) ? 400 : 404, $"{path} {(int)unusual[0]:x}");
            (await server.DeleteAsync($"/users/odd-keys/tokens/{key}", browser.WriteHeaders))
                .StatusCode.ShouldBe(unusual.Contains('\0', StringComparison.Ordinal) ? 400 : 404, $"DELETE {(int)unusual[0]:x}");
            (await server.GetAsync($"/users/odd-keys/token-change-history?key={key}", browser.Cookie))
                .StatusCode.ShouldBe(unusual.Contains('\0', StringComparison.Ordinal) ? 422 : 200, $"key={(int)unusual[0]:x}");
        }
        foreach (var query in (string[])["?cursor=1_99999999999999999999", "?cursor=p99999999999999999999_1", "?since=9e99&limit=1",
            "?limit=9223372036854775807", "?ip_address=fe80::1%251"])
            (await server.GetAsync("/users/odd-keys/token-change-history" + query, browser.Cookie))
                .StatusCode.ShouldBeLessThan(500, query);
        server.LinesSince(lineCount, "Store not available").ShouldBeEmpty();
        server.LinesSince(lineCount, "Uncaught exception").ShouldBeEmpty();
    }

    private static IEnumerable<string> UnusualTokens()
    {
        var half = new string('A', TokenKey.Length);
        return UnusualHalves.SelectMany(
            unusual => (string[])[$"gt-{Pad(unusual)}.{half}", $"gt-{half}.{Pad(unusual)}", $"gt-{Pad(unusual)}.{Pad(unusual)}"]);
    }

    private static string Pad(string unusual) => unusual + new string('A', TokenKey.Length - unusual.Length);

    private static void ShouldBeEqual(Answer answer, Answer expected, string token)
    {
        var shown = string.Join(' ', token.Select(c => $"{(int)c:x}"));
        (answer.StatusCode, answer.Body, answer.Header("X-Error-Status"), answer.Header("WWW-Authenticate"))
            .ShouldBe((expected.StatusCode, expected.Body, expected.Header("X-Error-Status"), expected.Header("WWW-Authenticate")), shown);
    }

    private static (string, string) Basic(string text) =>
        ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}");
}
