using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Invalid and missing responses of the provider (contract/login.md 4, 8; deviations 20, 25).</summary>
public sealed partial class OidcErrorTests
{
    private const string Unreachable = "Cannot contact authentication provider";
    private const string Failed = "Authentication provider failed";

    /// <summary>LGO-017 to LGO-020.</summary>
    [LdapTheory]
    [InlineData(400, """{"error":"error_code","error_description":"description"}""", Failed,
        "Error retrieving ID token: error_code: description", "OIDCError")]
    [InlineData(500, """{"error":"error_code"}""", Failed, "Error retrieving ID token: error_code", "OIDCError")]
    [InlineData(400, """{"error":"<b>bold</b>","error_description":""}""", Failed, "Error retrieving ID token: &lt;b&gt;bold&lt;/b&gt;",
        "OIDCError")]
    [InlineData(400, """{"foo":"bar"}""", Unreachable, "Status 400 from POST URL/token", "OIDCWebError")]
    [InlineData(400, """{"error":{"code":5}}""", Unreachable, "Status 400 from POST URL/token", "OIDCWebError")]
    [InlineData(503, "[]", Unreachable, "Status 503 from POST URL/token", "OIDCWebError")]
    [InlineData(200, """{"foo":"bar"}""", Failed, "No id_token in token reply from URL/token", "OIDCError")]
    [InlineData(200, """{"id_token":null}""", Failed, "No id_token in token reply from URL/token", "OIDCError")]
    [InlineData(200, """{"id_token":["a.b.c"]}""", Failed, "No id_token in token reply from URL/token", "OIDCError")]
    [InlineData(200, "[]", Failed, "No id_token in token reply from URL/token", "OIDCError")]
    [InlineData(200, "foo", Failed, "Response from URL/token not valid JSON", "OIDCError")]
    [InlineData(200, "", Failed, "Response from URL/token not valid JSON", "OIDCError")]
    [InlineData(400, "foo", Failed, "Response from URL/token not valid JSON", "OIDCError")]
    [InlineData(502, "<html>The <b>words</b> of a proxy</html>", Failed, "Response from URL/token not valid JSON", "OIDCError")]
    public async Task An_error_of_the_token_endpoint_is_reported(int status, string body, string headline, string details, string type)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("POST", "/token", ExternalReply.Text(status, body));
        var (browser, answer) = await site.LogInByOidcAsync();
        var text = details.Replace("URL", site.External.Url, StringComparison.Ordinal);
        answer.ShouldBeErrorPage(500, $"{headline}: {text}");
        browser.State.ShouldBe(Sessions.SessionState.Empty);
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));

        var line = site.Lines(headline).Single();
        line.GetProperty("severity").GetString().ShouldBe("error");
        answer.Body.ShouldContain(line.GetProperty("request_id").GetString()!);
        // The provider's response is in the log and not on the page.
        if (status >= 400 && !body.Contains("\"error\":\"", StringComparison.Ordinal))
            line.GetProperty("error").GetString()!.ShouldEndWith("\nBody:\n" + body);
        answer.Body.ShouldNotContain("words");

        var alert = await site.WaitForAlertAsync();
        alert.GetProperty("blocks")[1].GetProperty("fields")[0].GetProperty("text").GetString().ShouldBe($"*Exception type*\n{type}");
        if (type == "OIDCWebError")
        {
            alert.GetProperty("blocks")[2].GetProperty("text").GetProperty("text").GetString().ShouldBe(
                $"*URL*\nPOST {site.External.Url}/token");
            alert.GetProperty("attachments")[0].GetProperty("blocks")[0].GetProperty("text").GetProperty("text").GetString()
                .ShouldBe($"*Response*\n```\n{body}\n```");
        }
    }

    /// <summary>Secrets that a provider repeats in its response must not be logged or shown.</summary>
    [LdapFact]
    public async Task Secrets_in_a_providers_response_are_not_disclosed()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("POST", "/token", request => ExternalReply.Of(500, new { form = request.Form, body = request.Body }));
        // The site searches the log, pages and alerts for secrets when it stops.
        (await site.LogInByOidcAsync()).Answer.StatusCode.ShouldBe(500);
        (await site.WaitForAlertAsync()).GetRawText().ShouldContain("***");
    }

    /// <summary>LGO-021.</summary>
    [LdapFact]
    public async Task An_unavailable_provider_is_reported()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Embedded, settings => settings with { TokenUrl = new Uri(ExternalServer.ClosedPort.Url + "/token") });
        var (_, answer) = await site.LogInByOidcAsync();
        answer.ShouldBeErrorPage(500, $"{Unreachable}: ConnectError from POST {ExternalServer.ClosedPort.Url}/token");
        site.Lines(Unreachable).Single().GetProperty("error").GetString()!.ShouldStartWith("ConnectError: ");
        var blocks = (await site.WaitForAlertAsync()).GetProperty("blocks");
        blocks[0].GetProperty("text").GetProperty("text").GetString()!.ShouldStartWith("Error in Gafaelfawr: ConnectError: ");
        blocks[2].GetProperty("text").GetProperty("text").GetString().ShouldBe($"*URL*\nPOST {ExternalServer.ClosedPort.Url}/token");
        blocks[3].GetProperty("type").GetString().ShouldBe("divider");
    }
}
