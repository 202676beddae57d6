using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// Tokens of other types, for other clients, and with ambiguous headers are rejected (RFC 7515, RFC 8725, OpenID Connect Core 3.1.3.7). All
/// tokens are signed with the provider's key.
/// </summary>
public sealed partial class IdTokenAttackTests
{
    private const string Prefix = "Authentication provider failed: OpenID Connect token verification failed: ";

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <param name="json">Members to add to the header or to replace in it.</param>
    /// <param name="error">Null if the token is accepted.</param>
    [Theory]
    [InlineData("""{"crit":["exp"]}""", "The token has critical extensions that are not supported: [\"exp\"]")]
    [InlineData("""{"crit":["http://example.com/unknown"],"http://example.com/unknown":true}""",
        "The token has critical extensions that are not supported: [\"http://example.com/unknown\"]")]
    [InlineData("""{"crit":[]}""", "The token has critical extensions that are not supported: []")]
    [InlineData("""{"crit":null}""", "The token has critical extensions that are not supported: ")]
    [InlineData("""{"crit":"b64","b64":false}""", "The token has critical extensions that are not supported: b64")]
    [InlineData("""{"b64":false}""", "The token has an unencoded payload, which is not supported")]
    [InlineData("""{"typ":"at+jwt"}""", "The token is not an ID token (typ is at+jwt)")]
    [InlineData("""{"typ":"application/at+jwt"}""", "The token is not an ID token (typ is application/at+jwt)")]
    [InlineData("""{"typ":"AT+JWT"}""", "The token is not an ID token (typ is AT+JWT)")]
    [InlineData("""{"typ":"logout+jwt"}""", "The token is not an ID token (typ is logout+jwt)")]
    [InlineData("""{"typ":"JOSE"}""", "The token is not an ID token (typ is JOSE)")]
    [InlineData("""{"typ":""}""", "The token is not an ID token (typ is )")]
    [InlineData("""{"typ":5}""", "The token is not an ID token (typ is 5)")]
    [InlineData("""{"typ":["JWT"]}""", "The token is not an ID token (typ is [\"JWT\"])")]
    [InlineData("""{"cty":"JWT"}""", "The token is not an ID token (cty is JWT)")]
    [InlineData("""{"typ":"JWT"}""", null)]
    [InlineData("""{"typ":"jwt"}""", null)]
    [InlineData("""{"typ":"application/JWT"}""", null)]
    [InlineData("""{"alg":"ES256"}""", "Issuer URL kid some-kid had algorithm RS256 not ES256")]
    [InlineData("""{"alg":"PS256"}""", "Issuer URL kid some-kid had algorithm RS256 not PS256")]
    [InlineData("""{"alg":"rs256"}""", "The algorithm rs256 is not accepted")]
    [InlineData("""{"alg":null}""", "The algorithm of the token is not accepted")]
    [InlineData("""{"alg":["RS256"]}""", "The algorithm of the token is not accepted")]
    [InlineData("""{"kid":5}""", "No kid in token header")]
    [InlineData(
        """{"x5u":"https://evil.example.org/x","jku":"https://evil.example.org/jwks","x5c":["AAAA"],"jwk":{"kty":"oct","k":"AAAA"}}""",
        null)]
    public async Task The_header_is_checked(string json, string? error)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded, settings => settings with { GroupsClaim = "groups" });
        await LoginShouldEndAsync(site, error, claims =>
        {
            var header = new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = "some-kid" };
            foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
                header[name] = value?.DeepClone();
            return site.Oidc.Key.Sign(header, claims);
        });
    }

    [Fact]
    public async Task A_header_without_a_type_is_accepted()
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        await LoginShouldEndAsync(
            site, error: null, claims => site.Oidc.Key.Sign(new JsonObject { ["alg"] = "RS256", ["kid"] = "some-kid" }, claims));
    }

    /// <summary>If a member occurs twice, parsers use different values.</summary>
    [Theory]
    [InlineData("header")]
    [InlineData("claims")]
    [InlineData("nested claims")]
    [InlineData("half a character")]
    [InlineData("nested token")]
    [InlineData("deep")]
    [InlineData("four parts")]
    [InlineData("padding")]
    public async Task An_ambiguous_token_is_rejected(string kind)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        await LoginShouldEndAsync(site, "The token cannot be read", claims =>
        {
            const string header = """{"alg":"RS256","typ":"JWT","kid":"some-kid"}""";
            var body = claims.ToJsonString();
            string Sign(string header, string claims) => site.Oidc.Key.SignParts(SigningKey.Encode(header), SigningKey.Encode(claims));
            return kind switch
            {
                "header" => Sign(header.Replace("{", """{"alg":"none",""", StringComparison.Ordinal), body),
                "claims" => Sign(header, body.Insert(1, "\"uid\":\"admin\",")),
                "nested claims" => Sign(header, body.Insert(1, "\"realm_access\":{\"roles\":[],\"roles\":[\"admins\"]},")),
                "half a character" => Sign(header, body.Insert(1, "\"x\":\"\\ud800\",")),
                "nested token" => Sign(header, site.Oidc.Key.Sign(claims)),
                "deep" => Sign(header, body.Insert(1, $"\"x\":{new string('[', 100)}{new string(']', 100)},")),
                "four parts" => Sign(header, body) + ".AAAA",
                _ => Sign(header, body).Replace(".", "=.", StringComparison.Ordinal),
            };
        });
    }

    private static async Task LoginShouldEndAsync(LoginSite site, string? error, Func<JsonObject, string> forge)
    {
        var claims = new JsonObject();
        site.External.On("POST", "/token", _ => ExternalReply.Ok(new { id_token = forge(claims) }));
        var (browser, answer) = await site.LogInByOidcAsync(change: usual =>
        {
            foreach (var (name, value) in usual)
                claims[name] = value!.DeepClone();
            claims["groups"] = new JsonArray("users");
        });
        (browser.State.Token is null).ShouldBe(error is not null, answer.Body);
        if (error is null)
        {
            answer.ShouldRedirectTo(LoginSite.Destination);
            return;
        }
        var text = error.Replace("URL", site.External.Url, StringComparison.Ordinal);
        answer.ShouldBeErrorPage(500, Prefix + Html.Encode(text));
        site.Lines("Error verifying ID token")[^1].GetProperty("msg").GetString().ShouldBe(text);
    }
}
