using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>What the shapes of the contract (api.md 2.3, 4.1) mean to the letter.</summary>
internal static class AnswerAssertions
{
    /// <summary>Status, type and body, all of it.</summary>
    public static void ShouldBe(this Answer answer, int status, string body)
    {
        answer.Body.ShouldBe(body);
        answer.StatusCode.ShouldBe(status);
        answer.Header("Content-Type").ShouldBe("application/json");
    }

    public static void ShouldBeNothing(this Answer answer)
    {
        answer.StatusCode.ShouldBe(204, answer.Body);
        answer.Body.ShouldBeEmpty();
    }

    /// <summary>A service's error: message, type, and the place where there is one; no challenge.</summary>
    public static void ShouldBeRefused(this Answer answer, int status, string type, string message, params string[] location)
    {
        var loc = location.Length == 0 ? "" : $",\"loc\":[{string.Join(',', location.Select(Quoted))}]";
        answer.ShouldBe(status, $$"""{"detail":[{"msg":{{Quoted(message)}},"type":{{Quoted(type)}}{{loc}}}]}""");
        answer.Headers.Keys.ShouldNotContain("WWW-Authenticate");
        answer.Headers.Keys.ShouldNotContain("X-Error-Status");
        answer.Headers.Keys.ShouldNotContain("X-Error-Body");
    }

    /// <summary>Scopes are refused, with a message that begins like this and then names scopes.</summary>
    public static void ShouldRefuseScopes(this Answer answer, string beginning)
    {
        answer.StatusCode.ShouldBe(422, answer.Body);
        answer.DetailType.ShouldBe("invalid_scopes");
        answer.DetailLocation.ShouldBe("body.scopes");
        answer.DetailMessage!.ShouldStartWith(beginning + ": ");
    }

    public static void ShouldBeNotFound(this Answer answer) => answer.ShouldBeRefused(404, "not_found", "Token not found", "path", "key");

    /// <summary>Form A: there were no credentials, or the cookie's were dead.</summary>
    public static void ShouldBeUnauthenticated(this Answer answer, string realm = "example.com")
    {
        answer.ShouldBe(401, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        answer.Header("WWW-Authenticate").ShouldBe($"Bearer realm=\"{realm}\"");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Headers.Keys.ShouldNotContain("X-Error-Status");
        answer.Headers.Keys.ShouldNotContain("X-Error-Body");
    }

    /// <summary>Form B: there were credentials, and they were bad.</summary>
    /// <param name="intended">The status that a proxy would not let through, as the header tells it.</param>
    public static void ShouldBeChallenged(this Answer answer, int status, int intended, string type, string message)
    {
        answer.ShouldBe(status, $$"""{"detail":[{"msg":{{Quoted(message)}},"type":"{{type}}"}]}""");
        var description = message.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal);
        answer.Header("WWW-Authenticate").ShouldBe($"Bearer realm=\"example.com\", error=\"{type}\", error_description=\"{description}\"");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("X-Error-Status").ShouldBe($"{intended}");
        answer.Header("X-Error-Body").ShouldBe($$"""{"detail": [{"msg": {{Ascii(Quoted(message))}}, "type": "{{type}}"}]}""");
    }

    /// <summary>Validation errors, each with its type, place, message, input and context.</summary>
    public static void ShouldBeInvalid(this Answer answer, params string[] errors)
    {
        answer.ShouldBe(422, $$"""{"detail":[{{string.Join(',', errors)}}]}""");
        answer.Headers.Keys.ShouldNotContain("X-Error-Status");
    }

    /// <summary>One validation error as the answer shows it.</summary>
    /// <param name="location">As JSON without the brackets.</param>
    /// <param name="input">As JSON.</param>
    /// <param name="context">As JSON; null if this type has none.</param>
    public static string Error(string type, string location, string message, string input, string? context = null) =>
        $$"""{"type":"{{type}}","loc":[{{location}}],"msg":{{Quoted(message)}},"input":{{input}}{{(context is null ? "" : $",\"ctx\":{context}")}}}""";

    /// <summary>A text as JSON with no more escaped than must be.</summary>
    public static string Quoted(string text)
    {
        var json = new StringBuilder("\"");
        foreach (var c in text)
        {
            json.Append(c switch
            {
                '"' or '\\' => $"\\{c}",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' => $"\\u{(int)c:x4}",
                _ => $"{c}",
            });
        }
        return json.Append('"').ToString();
    }

    private static string Ascii(string json)
    {
        var text = new StringBuilder();
        foreach (var c in json)
            text.Append(char.IsAscii(c) ? c : $"\\u{(int)c:x4}");
        return text.ToString();
    }
}
