using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class OidcErrorTests
{
    /// <summary>LGO-022, VER-003: without metadata, the keys are read from their default URL.</summary>
    [LdapFact]
    public async Task A_provider_without_keys_is_reported()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("GET", "/.well-known/openid-configuration", ExternalReply.Text(404, ""));
        site.External.On("GET", "/.well-known/jwks.json", ExternalReply.Text(404, ""));
        var (_, answer) = await site.LogInByOidcAsync();
        answer.ShouldBeErrorPage(500, $"{Unreachable}: Status 404 from GET {site.External.Url}/.well-known/jwks.json");
        var alert = await site.WaitForAlertAsync();
        alert.GetProperty("blocks")[2].GetProperty("text").GetProperty("text").GetString().ShouldBe(
            $"*URL*\nGET {site.External.Url}/.well-known/jwks.json");
        alert.TryGetProperty("attachments", out _).ShouldBeFalse();
    }

    /// <summary>VER-004: the metadata or the key set of the provider is invalid.</summary>
    [LdapTheory]
    [InlineData("/.well-known/openid-configuration", 200, """["list"]""", Failed,
        "OpenID Connect token verification failed: No jwks_uri property in OIDC metadata for URL")]
    [InlineData("/.well-known/openid-configuration", 200, """{"issuer":"x"}""", Failed,
        "OpenID Connect token verification failed: No jwks_uri property in OIDC metadata for URL")]
    [InlineData("/.well-known/openid-configuration", 200, """{"jwks_uri":5}""", Failed,
        "OpenID Connect token verification failed: No jwks_uri property in OIDC metadata for URL")]
    [InlineData("/.well-known/openid-configuration", 200, """{"jwks_uri":"jwks"}""", Unreachable, "UnsupportedProtocol from GET jwks")]
    [InlineData("/.well-known/openid-configuration", 200, """{"jwks_uri":"file:///etc/passwd"}""", Unreachable,
        "UnsupportedProtocol from GET file:///etc/passwd")]
    [InlineData("/.well-known/openid-configuration", 500, "", Unreachable, "Status 500 from GET URL/.well-known/openid-configuration")]
    [InlineData("/jwks", 200, """["list"]""", Failed,
        "OpenID Connect token verification failed: No keys property in JWKS metadata for URL/jwks")]
    [InlineData("/jwks", 200, """{"keys":{}}""", Failed,
        "OpenID Connect token verification failed: No keys property in JWKS metadata for URL/jwks")]
    [InlineData("/jwks", 200, "not json", Failed,
        "OpenID Connect token verification failed: No keys property in JWKS metadata for URL/jwks")]
    [InlineData("/jwks", 404, "", Unreachable, "Status 404 from GET URL/jwks")]
    [InlineData("/jwks", 200, """{"keys":[]}""", Failed, "OpenID Connect token verification failed: Issuer URL has no kid some-kid")]
    [InlineData("/jwks", 200, """{"keys":[5,null,"key",{},{"kid":5}]}""", Failed,
        "OpenID Connect token verification failed: Issuer URL has no kid some-kid")]
    [InlineData("/jwks", 200, """{"keys":[{"kid":"some-kid","alg":"ES256"}]}""", Failed,
        "OpenID Connect token verification failed: Issuer URL kid some-kid had algorithm ES256 not RS256")]
    [InlineData("/jwks", 200, """{"keys":[{"kid":"some-kid","alg":null}]}""", Failed,
        "OpenID Connect token verification failed: Issuer URL kid some-kid had algorithm  not RS256")]
    [InlineData("/jwks", 200, """{"keys":[{"kid":"some-kid","alg":"RS256"}]}""", Failed,
        "OpenID Connect token verification failed: Issuer URL kid some-kid is not an RSA key")]
    [InlineData("/jwks", 200, """{"keys":[{"kid":"some-kid","kty":"RSA","n":"?","e":"AQAB"}]}""", Failed,
        "OpenID Connect token verification failed: Issuer URL kid some-kid is not an RSA key")]
    [InlineData("/jwks", 200, """{"keys":[{"kid":"some-kid","kty":"oct","k":"c2VjcmV0"}]}""", Failed,
        "OpenID Connect token verification failed: Issuer URL kid some-kid is not an RSA key")]
    public async Task Invalid_metadata_or_keys_are_reported(string path, int status, string body, string headline, string details)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("GET", path, ExternalReply.Text(status, body));
        var (_, answer) = await site.LogInByOidcAsync();
        answer.ShouldBeErrorPage(500, $"{headline}: {details.Replace("URL", site.External.Url, StringComparison.Ordinal)}");
        await site.WaitForAlertAsync();

        // The error is not cached: with valid responses the login works.
        site.Oidc.ConfigureReplies();
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
    }

    /// <summary>VER-005: an issuer can have a path and a trailing slash.</summary>
    [LdapTheory]
    [InlineData("/some/path")]
    [InlineData("/some/path/")]
    public async Task An_issuer_can_have_a_path(string path)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded, settings => settings with { Issuer = settings.Issuer + path });
        site.External.On("GET", "/some/path/.well-known/openid-configuration", ExternalReply.Ok(
            new { jwks_uri = $"{site.External.Url}/jwks" }));
        (await site.LogInByOidcAsync(
            change: claims => claims["iss"] = site.External.Url + path)).Answer.ShouldRedirectTo(LoginSite.Destination);
    }

    [LdapFact]
    public async Task Without_a_URL_for_keys_the_default_URL_is_used()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        site.External.On("GET", "/.well-known/openid-configuration", ExternalReply.Ok(new { jwks_uri = "" }));
        site.External.On("GET", "/.well-known/jwks.json", _ => ExternalReply.Ok(new { keys = new[] { site.Oidc.Key.Public() } }));
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
    }
}
