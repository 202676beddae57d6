using System.Text;
using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>The formats of the provider's responses. A response in any other format gives a clear error page.</summary>
[Collection(AllocationTestsCollection.Name)]
public sealed partial class OidcReplyTests
{
    private const string Unreachable = "Cannot contact authentication provider";
    private const string NotJson = "Authentication provider failed: Response from URL/token not valid JSON";

    /// <summary>All responses of the provider are compressed: metadata, keys and token.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("utf-8 mark")]
    [InlineData("gzip and mark")]
    [InlineData("utf-16")]
    [InlineData("utf-16 without mark")]
    [InlineData("utf-16be")]
    [InlineData("utf-32")]
    [InlineData("latin-1")]
    [InlineData("odd content type")]
    [InlineData("no content type")]
    [InlineData("html content type")]
    public async Task A_response_can_be_compressed(string kind)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        foreach (var (method, path) in ((string, string)[])[
            ("GET", "/.well-known/openid-configuration"), ("GET", "/jwks"), ("POST", "/token")])
            site.External.Change(method, path, reply => Encoded(kind, reply));
        var (browser, answer) = await site.LogInByOidcAsync(
            change: claims => (claims["groups"], claims["name"]) = (new JsonArray("users"), "Jos\u00e9 \u540d"));
        answer.ShouldRedirectTo(LoginSite.Destination);
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("name").GetString().ShouldBe("Jos\u00e9 \u540d");
    }

    [Theory]
    [InlineData(200, "<html>not JSON</html>", "text/html", NotJson)]
    [InlineData(200, "", "application/json", NotJson)]
    [InlineData(200, "id_token=abc", "application/x-www-form-urlencoded", NotJson)]
    [InlineData(200, "{\"id_token\":\"a\",\"id_token\":\"b\"}", "application/json", NotJson)]
    [InlineData(200, "{\"id_token\":\"\\ud800\"}", "application/json", NotJson)]
    [InlineData(200, "{\"\\ud800\":1}", "application/json", NotJson)]
    [InlineData(200, "{\"id_token\":\"a\"} trailing", "application/json", NotJson)]
    [InlineData(200, "{'id_token':'a'}", "application/json", NotJson)]
    [InlineData(200, "NaN", "application/json", NotJson)]
    [InlineData(200, "[{\"id_token\":\"a\"}]", "application/json",
        "Authentication provider failed: No id_token in token reply from URL/token")]
    [InlineData(200, "null", "application/json", "Authentication provider failed: No id_token in token reply from URL/token")]
    [InlineData(200, "\"text\"", "application/json", "Authentication provider failed: No id_token in token reply from URL/token")]
    [InlineData(200, "{\"id_token\":\"\"}", "application/json",
        "Authentication provider failed: OpenID Connect token verification failed: The token cannot be read")]
    public async Task A_response_in_another_format_is_explained(int status, string body, string type, string error)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        site.External.On("POST", "/token", new ExternalReply(status, body, type));
        await ShouldFailAsync(site, error);
        if (error == NotJson)
        {
            var line = site.Lines("Response from token endpoint not valid JSON").Single();
            line.GetProperty("response").GetString().ShouldBe($"({type}, {Encoding.UTF8.GetByteCount(body)} bytes)");
            line.GetProperty("token_url").GetString().ShouldBe($"{site.External.Url}/token");
        }
    }

    [Fact]
    public async Task An_empty_response_is_explained()
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        site.External.On("POST", "/token", new ExternalReply(204, ""));
        await ShouldFailAsync(site, NotJson);
    }

    [Theory]
    [InlineData("nested", NotJson)]
    [InlineData("large", Unreachable + ": ReadError from POST URL/token")]
    [InlineData("gzip bomb", Unreachable + ": ReadError from POST URL/token")]
    [InlineData("br bomb", Unreachable + ": ReadError from POST URL/token")]
    [InlineData("no gzip", Unreachable + ": DecodingError from POST URL/token")]
    [InlineData("no deflate", Unreachable + ": DecodingError from POST URL/token")]
    [InlineData("no br", Unreachable + ": DecodingError from POST URL/token")]
    [InlineData("cut gzip", null)]
    [InlineData("unknown", NotJson)]
    public async Task A_response_that_cannot_be_decoded_is_explained(string kind, string? error)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        site.External.On("POST", "/token", CreateInvalidReply(kind));
        var before = GC.GetTotalAllocatedBytes();
        await ShouldFailAsync(site, error);
        // A compressed response of 200 MB is not decompressed completely.
        (GC.GetTotalAllocatedBytes() - before).ShouldBeLessThan(50_000_000);
    }

    /// <summary>A redirect would send the client secret and the code to another server.</summary>
    [Theory]
    [InlineData("POST", "/token", 307)]
    [InlineData("POST", "/token", 302)]
    [InlineData("POST", "/token", 308)]
    [InlineData("GET", "/jwks", 302)]
    [InlineData("GET", "/.well-known/openid-configuration", 301)]
    public async Task A_redirect_is_not_followed(string method, string path, int status)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        site.External.On(method, path, new ExternalReply(status, "") { Headers = [("Location", "/elsewhere")] });
        // A request to /elsewhere would be unexpected and fail the test.
        await ShouldFailAsync(site, $"{Unreachable}: Status {status} from {method} URL{path} (redirects are not followed)");
    }

    [Theory]
    [InlineData("/login/oauth/access_token", "POST")]
    [InlineData("/api/user", "GET")]
    public async Task GitHub_redirects_are_not_followed(string path, string method)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.External.On(method, path, new ExternalReply(307, "") { Headers = [("Location", "/elsewhere")] });
        (await site.LogInByGitHubAsync()).Answer.ShouldBeErrorPage(
            500, $"{Unreachable}: Status 307 from {method} {site.External.Url}{path} (redirects are not followed)");
    }

    [Fact]
    public async Task Every_log_line_of_a_return_has_the_return_URL()
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        await site.LogInByOidcAsync(change: claims => claims["groups"] = new JsonArray("users"));
        foreach (var text in (string[])["Retrieving ID token", "Successfully authenticated user some-user"])
            site.Lines(text).Single().GetProperty("return_url").GetString().ShouldBe(LoginSite.Destination, text);
        site.Lines("Retrieving ID token").Single().GetProperty("token_url").GetString().ShouldBe($"{site.External.Url}/token");

        await site.LogInByOidcAsync(change: claims => claims["exp"] = 0);
        foreach (var text in (string[])["Error verifying ID token", "Authentication provider failed"])
            site.Lines(text).Single().GetProperty("return_url").GetString().ShouldBe(LoginSite.Destination, text);
    }

    private static async Task ShouldFailAsync(LoginSite site, string? error)
    {
        var (browser, answer) = await site.LogInByOidcAsync();
        if (error is null)
            answer.StatusCode.ShouldBe(500);
        else
            answer.ShouldBeErrorPage(500, error.Replace("URL", site.External.Url, StringComparison.Ordinal));
        answer.Body.ShouldContain("Authentication error");
        browser.State.Token.ShouldBeNull();
    }
}
