using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>Checks the exact formats of responses in the contract (contract/api.md 2.3, 4.1).</summary>
internal static class AnswerAssertions
{
    /// <summary>Checks the status, the content type and the complete body.</summary>
    public static void ShouldBe(this Answer answer, int status, string body)
    {
        answer.Body.ShouldBe(body);
        answer.StatusCode.ShouldBe(status);
        answer.Header("Content-Type").ShouldBe("application/json");
    }

    public static void ShouldBeNoContent(this Answer answer)
    {
        answer.StatusCode.ShouldBe(204, answer.Body);
        answer.Body.ShouldBeEmpty();
    }

    /// <summary>Checks an error of the service: message, type, and the location if there is one; no challenge.</summary>
    public static void ShouldBeError(this Answer answer, int status, string type, string message, params string[] location)
    {
        var loc = location.Length == 0 ? "" : $",\"loc\":[{string.Join(',', location.Select(Quoted))}]";
        answer.ShouldBe(status, $$"""{"detail":[{"msg":{{Quoted(message)}},"type":{{Quoted(type)}}{{loc}}}]}""");
        answer.Headers.Keys.ShouldNotContain("WWW-Authenticate");
        answer.Headers.Keys.ShouldNotContain("X-Error-Status");
        answer.Headers.Keys.ShouldNotContain("X-Error-Body");
    }

    /// <summary>Checks an error about scopes: the message begins with this text and continues with scopes.</summary>
    public static void ShouldBeScopeError(this Answer answer, string beginning)
    {
        answer.StatusCode.ShouldBe(422, answer.Body);
        answer.DetailType.ShouldBe("invalid_scopes");
        answer.DetailLocation.ShouldBe("body.scopes");
        answer.DetailMessage!.ShouldStartWith(beginning + ": ");
    }

    public static void ShouldBeNotFound(this Answer answer) => answer.ShouldBeError(404, "not_found", "Token not found", "path", "key");

    /// <summary>Checks form A: the request had no credentials, or the token in the cookie is invalid.</summary>
    public static void ShouldBeUnauthenticated(this Answer answer, string realm = "example.com")
    {
        answer.ShouldBe(401, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        answer.Header("WWW-Authenticate").ShouldBe($"Bearer realm=\"{realm}\"");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Headers.Keys.ShouldNotContain("X-Error-Status");
        answer.Headers.Keys.ShouldNotContain("X-Error-Body");
    }

    /// <summary>Checks form B: the request had invalid credentials.</summary>
    /// <param name="intended">The status in the header for proxies, which do not forward this status themselves.</param>
    public static void ShouldBeChallenged(this Answer answer, int status, int intended, string type, string message)
    {
        answer.ShouldBe(status, $$"""{"detail":[{"msg":{{Quoted(message)}},"type":"{{type}}"}]}""");
        var description = message.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal);
        answer.Header("WWW-Authenticate").ShouldBe($"Bearer realm=\"example.com\", error=\"{type}\", error_description=\"{description}\"");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("X-Error-Status").ShouldBe($"{intended}");
        answer.Header("X-Error-Body").ShouldBe($$"""{"detail": [{"msg": {{Ascii(Quoted(message))}}, "type": "{{type}}"}]}""");
    }

    /// <summary>Checks validation errors, each with its type, location, message, input and context.</summary>
    public static void ShouldBeInvalid(this Answer answer, params string[] errors)
    {
        answer.ShouldBe(422, $$"""{"detail":[{{string.Join(',', errors)}}]}""");
        answer.Headers.Keys.ShouldNotContain("X-Error-Status");
    }

    /// <summary>Returns one validation error as the response contains it.</summary>
    /// <param name="location">The location as JSON without the brackets.</param>
    /// <param name="input">The input as JSON.</param>
    /// <param name="context">The context as JSON; null if this type has none.</param>
    public static string Error(string type, string location, string message, string input, string? context = null) =>
        $$"""{"type":"{{type}}","loc":[{{location}}],"msg":{{Quoted(message)}}"""
            + $$""","input":{{input}}{{(context is null ? "" : $",\"ctx\":{context}")}}}""";

    /// <summary>Returns a text as JSON with the minimum of escapes.</summary>
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
