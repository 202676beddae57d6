using System.Text.Json.Nodes;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class IdTokenTests
{
    /// <summary>
    /// VER-004: some providers omit the algorithm, or publish keys without an ID or with duplicate IDs. The last key is used.
    /// </summary>
    [LdapFact]
    public async Task Keys_without_IDs_or_algorithms_are_accepted()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var bare = site.Oidc.Key.Public();
        bare.Remove("alg");
        var nameless = new SigningKey("x").Public();
        nameless.Remove("kid");
        site.External.On("GET", "/jwks", new ExternalReply(
            200, new JsonObject { ["keys"] = new JsonArray(nameless, new SigningKey("some-kid").Public(), bare) }.ToJsonString()));
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
    }

    /// <summary>A login needs one request to the provider; metadata and keys are cached for one hour.</summary>
    [LdapFact]
    public async Task Keys_are_cached_for_an_hour()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        foreach (var (minutes, lookups) in ((int, int)[])[(0, 1), (30, 1), (29, 1), (2, 2), (58, 2), (60, 3)])
        {
            site.Clock.Advance(TimeSpan.FromMinutes(minutes));
            (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
            site.External.RequestsTo("GET", "/jwks").Count.ShouldBe(lookups);
            site.External.RequestsTo("GET", "/.well-known/openid-configuration").Count.ShouldBe(lookups);
        }
    }

    [LdapTheory]
    [InlineData("new-kid")]
    [InlineData("some-kid")]
    public async Task A_new_key_is_accepted_at_once(string id)
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var old = site.Oidc.Key;
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
        site.Oidc.Key = new SigningKey(id);
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
        site.External.RequestsTo("GET", "/jwks").Count.ShouldBe(2);

        // The old key is no longer accepted. A token with an unknown key causes only one request.
        site.External.On("POST", "/token", _ => ExternalReply.Ok(
            new { id_token = old.Sign(new JsonObject { ["iss"] = site.Oidc.Issuer }) }));
        (await site.LogInByOidcAsync()).Answer.StatusCode.ShouldBe(500);
        site.External.RequestsTo("GET", "/jwks").Count.ShouldBe(3);
    }

    /// <summary>VER-004: the metadata are read together with the keys, because the URL of the keys can change.</summary>
    [LdapFact]
    public async Task The_URL_of_the_keys_can_change()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
        site.Oidc.Key = new SigningKey("new-kid");
        site.External.On("GET", "/jwks", ExternalReply.Ok(new { keys = Array.Empty<object>() }));
        site.External.On("GET", "/new-jwks", _ => ExternalReply.Ok(new { keys = new[] { site.Oidc.Key.Public() } }));
        site.External.On("GET", "/.well-known/openid-configuration", _ =>
        {
            var metadata = site.Oidc.Metadata;
            metadata["jwks_uri"] = $"{site.External.Url}/new-jwks";
            return new ExternalReply(200, metadata.ToJsonString());
        });
        (await site.LogInByOidcAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
    }

    /// <summary>Many concurrent logins read the keys only once.</summary>
    [LdapFact]
    public async Task Concurrent_logins_read_the_keys_once()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => site.LogInByOidcAsync()));
        answers.ShouldAllBe(answer => answer.Answer.StatusCode == 307);
        site.External.RequestsTo("GET", "/jwks").Count.ShouldBe(1);
        site.External.RequestsTo("GET", "/.well-known/openid-configuration").Count.ShouldBe(1);
    }
}
