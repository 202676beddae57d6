using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Porthor.Server.Tests.Api;

/// <summary>Assertions about the log lines of a request.</summary>
internal static class LogAssertions
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns the lines with an event that were written after a count of lines was taken.</summary>
    public static IReadOnlyList<JsonElement> LinesSince(this ApiServer server, int count, string text) =>
        [.. server.Host.Logs.Lines.Skip(count).Where(line => line.GetProperty("event").GetString() == text)];

    public static int CountLines(this ApiServer server) => server.Host.Logs.Lines.Count;

    /// <summary>Checks the complete line except for the time and the request ID, which only have to exist.</summary>
    public static void ShouldBeLogLine(this JsonElement line, string expected)
    {
        var fields = JsonNode.Parse(line.GetRawText())!.AsObject();
        fields.Remove("timestamp").ShouldBeTrue();
        Guid.TryParse((string?)fields["request_id"], out _).ShouldBeTrue();
        fields.Remove("request_id");
        fields.ToJsonString(Relaxed).ShouldBe(JsonNode.Parse(expected)!.ToJsonString(Relaxed));
    }

    /// <summary>Returns the fields about a request of a browser.</summary>
    public static string OfBrowser(this ApiServer server, Browser browser, string method, string path, string scopes, long lifetime) =>
        $$"""
        "httpRequest":{"requestMethod":"{{method}}",
        "requestUrl":"http://{{server.Host.Url.Authority}}{{ApiServer.Prefix}}{{path}}","remoteIp":"127.0.0.1"},
        "token_source":"cookie","token":"{{browser.Key}}","user":"{{browser.Username}}","scopes":{{scopes}},"lifetime_seconds":{{lifetime}}
        """;
}
