using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

internal static class DenialAssertions
{
    /// <summary>Checks the status and body of Porthor's error, without the headers that are for proxies only.</summary>
    public static void ShouldBe(this Answer answer, int status, string body)
    {
        answer.StatusCode.ShouldBe(status, answer.Body);
        // NGINX takes the body from a header, in which the JSON is written with spaces.
        JsonNode.DeepEquals(JsonNode.Parse(answer.Body), JsonNode.Parse(body)).ShouldBeTrue(answer.Body);
        answer.Header("Content-Type").ShouldBe("application/json");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        foreach (var name in (string[])[
            "X-Error-Status", "X-Error-Body", "X-Site", "Location", "X-Auth-Request-User", "Cookie", "Authorization"])
            answer.Header(name).ShouldBeNull();
    }

    public static void ShouldBeError(this Answer answer, int status, string type, string message) =>
        answer.ShouldBe(status, $$"""{"detail":[{"msg":"{{message}}","type":"{{type}}"}]}""");
}
