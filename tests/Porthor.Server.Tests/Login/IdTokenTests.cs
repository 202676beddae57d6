using System.Text.Json.Nodes;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>The validation of ID tokens (contract/login.md 4), and the cache of the provider's keys.</summary>
public sealed partial class IdTokenTests
{
    private const string Prefix = "Authentication provider failed: OpenID Connect token verification failed: ";

    /// <summary>LGO-024, VER-001 and other claims.</summary>
    /// <param name="json">The new value of the claim; null to remove it.</param>
    /// <param name="error">Null if the token is accepted.</param>
    [LdapTheory]
    [InlineData("iss", null, "No iss claim in token")]
    [InlineData("iss", "5", "No iss claim in token")]
    [InlineData("iss", "\"https://evil.example.org\"", "Unknown issuer: https://evil.example.org")]
    [InlineData("aud", null, "The token is not for some-client")]
    [InlineData("aud", "\"other-client\"", "The token is not for some-client")]
    [InlineData("aud", "\"Some-Client\"", "The token is not for some-client")]
    [InlineData("aud", "[]", "The token is not for some-client")]
    [InlineData("aud", "[5,\"some-client\"]", "The token is not for some-client")]
    [InlineData("aud", "{\"some-client\":1}", "The token is not for some-client")]
    [InlineData("aud", "[\"some-client\"]", null)]
    [InlineData("aud", "[\"some-client\",\"some-client\"]", null)]
    [InlineData("aud", "[\"other-client\",\"some-client\"]", "The token is for several audiences, and has no azp claim")]
    [InlineData("azp", "\"some-client\"", null)]
    [InlineData("azp", "null", null)]
    [InlineData("azp", "\"other-client\"", "The token was issued to other-client, not to some-client")]
    [InlineData("azp", "\"\"", "The token was issued to , not to some-client")]
    [InlineData("azp", "[\"some-client\"]", "The token was issued to [\"some-client\"], not to some-client")]
    [InlineData("sub", null, "No sub claim in token")]
    [InlineData("sub", "\"\"", "No sub claim in token")]
    [InlineData("sub", "null", "No sub claim in token")]
    [InlineData("sub", "5", "The sub claim in the token is not a text")]
    [InlineData("jti", null, null)]
    [InlineData("jti", "[]", "The jti claim in the token is not a text")]
    [InlineData("exp", null, "No exp claim in token")]
    [InlineData("exp", "null", "No exp claim in token")]
    [InlineData("exp", "0", "The token has expired")]
    [InlineData("exp", "\"soon\"", "The exp claim in the token is not a time in seconds: soon")]
    [InlineData("exp", "true", "The exp claim in the token is not a time in seconds: True")]
    [InlineData("exp", "-1", "The exp claim in the token is not a time in seconds: -1")]
    [InlineData("exp", "1e300", "The exp claim in the token is not a time in seconds: 1e300")]
    [InlineData("exp", "1e400", "The exp claim in the token is not a time in seconds: 1e400")]
    [InlineData("exp", "1782907500000", "The exp claim in the token is not a time in seconds: 1782907500000")]
    [InlineData("exp", "253402300800", "The exp claim in the token is not a time in seconds: 253402300800")]
    [InlineData("exp", "253402300799", null)]
    [InlineData("exp", "1782907500.5", null)]
    [InlineData("iat", "1782907500000", "The iat claim in the token is not a time in seconds: 1782907500000")]
    [InlineData("nbf", "253402300800", "The nbf claim in the token is not a time in seconds: 253402300800")]
    [InlineData("nbf", null, null)]
    [InlineData("nbf", "99999999999", "The token is not yet valid (nbf)")]
    [InlineData("iat", null, null)]
    [InlineData("iat", "99999999999", "The token is not yet valid (iat)")]
    [InlineData("uid", "[\"some-user\"]", "Invalid uid claim in token: [\"some-user\"]")]
    [InlineData("uid", "42", "Invalid uid claim in token: 42")]
    [InlineData("uid", "null", "Invalid uid claim in token: ")]
    public async Task Claims_must_be_valid(string claim, string? json, string? error)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (browser, answer) = await site.LogInByOidcAsync(change: claims =>
        {
            claims.Remove(claim);
            if (json is not null)
                claims[claim] = JsonNode.Parse(json);
        });
        if (error is null)
        {
            answer.ShouldRedirectTo(LoginSite.Destination);
            return;
        }
        answer.ShouldBeErrorPage(500, Prefix + error.Replace("\"", "&quot;", StringComparison.Ordinal));
        browser.State.Token.ShouldBeNull();
        site.Lines("Error verifying ID token").Single().GetProperty("msg").GetString().ShouldBe(error);
        (await site.WaitForAlertAsync()).GetProperty("blocks")[1].GetProperty("fields")[0].GetProperty("text").GetString()
            .ShouldBe("*Exception type*\nOIDCError");
    }

    /// <summary>If the configuration is wrong, the log contains the expected value, and the page does not.</summary>
    [LdapTheory]
    [InlineData("iss", "\"https://other.example.org\"", "The configured issuer is URL")]
    [InlineData("iat", "1782907500", "Porthor's clock is at 2026-07-01T12:00:00Z; the token was issued at 2026-07-01T12:05:00Z")]
    [InlineData("nbf", "1782907500", "Porthor's clock is at 2026-07-01T12:00:00Z; the token becomes valid at 2026-07-01T12:05:00Z")]
    [InlineData("exp", "1782906900", "Porthor's clock is at 2026-07-01T12:00:00Z; the token expired at 2026-07-01T11:55:00Z")]
    public async Task The_log_contains_the_expected_value_of_a_claim(string claim, string json, string hint)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var (_, answer) = await site.LogInByOidcAsync(change: claims => claims[claim] = JsonNode.Parse(json));
        var expected = hint.Replace("URL", site.External.Url, StringComparison.Ordinal);
        site.Lines("Error verifying ID token").Single().GetProperty("hint").GetString().ShouldBe(expected);
        answer.Body.ShouldNotContain(expected);
    }

    /// <summary>The clocks of the provider and of Porthor can differ by one minute.</summary>
    [LdapTheory]
    [InlineData("exp", -59, true)]
    [InlineData("exp", -60, false)]
    [InlineData("nbf", 60, true)]
    [InlineData("nbf", 62, false)]
    [InlineData("iat", 60, true)]
    [InlineData("iat", 62, false)]
    public async Task Clocks_can_differ_slightly(string claim, int seconds, bool accepted)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var time = site.Clock.GetUtcNow().ToUnixTimeSeconds() + seconds;
        (await site.LogInByOidcAsync(change: claims => claims[claim] = time)).Answer.StatusCode.ShouldBe(accepted ? 307 : 500);
    }

    /// <summary>Forged and malformed tokens, and tokens with an unknown key: VER-001, VER-002.</summary>
    [LdapTheory]
    [InlineData("other key", "The signature is not valid")]
    [InlineData("changed", "The signature is not valid")]
    [InlineData("no signature", "The signature is not valid")]
    [InlineData("none", "The algorithm none is not accepted")]
    [InlineData("hmac", "The algorithm HS256 is not accepted")]
    [InlineData("rs512", "The algorithm RS512 is not accepted")]
    [InlineData("no kid", "No kid in token header")]
    [InlineData("other kid", "Issuer URL has no kid other-kid")]
    [InlineData("own key", "The signature is not valid")]
    [InlineData("garbage", "The token cannot be read")]
    [InlineData("empty", "The token cannot be read")]
    [InlineData("list", "The token cannot be read")]
    [InlineData("encrypted", "The token cannot be read")]
    public async Task Signatures_must_be_valid(string kind, string error)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var claims = new JsonObject();
        site.External.On("POST", "/token", _ => ExternalReply.Ok(new { id_token = Forge(kind, claims, site) }));
        var (browser, answer) = await site.LogInByOidcAsync(change: usual =>
        {
            foreach (var (name, value) in usual)
                claims[name] = value!.DeepClone();
        });
        answer.ShouldBeErrorPage(500, Prefix + error.Replace("URL", site.External.Url, StringComparison.Ordinal));
        browser.State.Token.ShouldBeNull();
    }
}
