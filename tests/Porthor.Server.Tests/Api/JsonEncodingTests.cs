using System.Net.Http.Headers;
using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>Bodies in the encodings that the reference accepts (contract/api.md 1).</summary>
public sealed class JsonEncodingTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task JSON_is_accepted_in_every_Unicode_encoding(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("encoder");
        Encoding[] encodings =
        [
            new UTF8Encoding(), new UnicodeEncoding(bigEndian: false, byteOrderMark: true),
            new UnicodeEncoding(bigEndian: true, byteOrderMark: true),
            new UTF32Encoding(bigEndian: false, byteOrderMark: true), new UTF32Encoding(bigEndian: true, byteOrderMark: true),
        ];
        foreach (var (index, encoding) in encodings.Index())
        {
            foreach (var mark in (bool[])[false, true])
            {
                var name = $"Tök\ud83d\ude80 {index} {mark}";
                var preamble = mark ? encoding is UTF8Encoding ? Encoding.UTF8.GetPreamble() : encoding.GetPreamble() : [];
                var answer = await SendAsync(server, browser, [.. preamble, .. encoding.GetBytes($$"""{"token_name":"{{name}}"}""")]);
                answer.StatusCode.ShouldBe(201, $"{encoding.EncodingName}, mark: {mark}: {answer.Body}");
                (await server.SendAsync(
                    HttpMethod.Get, answer.Header("Location")!, json: null, browser.Cookie)).Json.GetProperty("token_name").GetString()
                    .ShouldBe(name);
            }
        }
    }

    [Fact]
    public async Task Invalid_text_and_invalid_JSON_are_rejected()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("mangler");
        foreach (var empty in (byte[][])[
            [0xFF, 0xFE], [0xFE, 0xFF], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF], [0xFF, 0xFE, (byte)'{', 0]])
        {
            var answer = await SendAsync(server, browser, empty);
            answer.StatusCode.ShouldBe(422, Convert.ToHexString(empty));
            answer.DetailType.ShouldBe("json_invalid");
        }
        foreach (var broken in (byte[][])[
            [0xFF, 0xFE, (byte)'{'], [0xFF, 0xFE, 0x00, 0xD8], [0, 0, 0xFE, 0xFF, 0, 0x11, 0, 0], [(byte)'{', 0, 0, 0, (byte)'}'], [0xFF],
            [0x80, (byte)'{', (byte)'}']])
        {
            (await SendAsync(server, browser, broken)).ShouldBe(400, """{"detail":"There was an error parsing the body"}""");
        }
    }

    private static Task<Answer> SendAsync(ApiServer server, Browser browser, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        return server.SendAsync(HttpMethod.Post, $"{ApiServer.Prefix}/users/{browser.Username}/tokens", content, browser.WriteHeaders);
    }
}
