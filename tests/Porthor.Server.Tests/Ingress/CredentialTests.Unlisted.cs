using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class CredentialTests
{
    /// <summary>The key is public. It gives no access, neither before the token was presented nor while it is cached.</summary>
    [Theory, EveryMode]
    public async Task A_key_without_its_secret_is_denied(Mode mode)
    {
        const string query = "?scope=read:all&service=tap&delegate_to=tap&delegate_scope=read:all";
        var server = await servers.GetAsync(mode);
        var token = (await server.LogInAsync("key-known", "read:all")).Session;
        var guessed = ("Authorization", $"Bearer {new Token(token.Key, new string('x', Token.SecretLength)).Reveal()}");
        await ShouldBeDeniedAsync();
        (await server.AuthorizeAsync(query, ("Authorization", $"Bearer {token.Reveal()}"))).ShouldBeAllowed();
        await ShouldBeDeniedAsync();

        async Task ShouldBeDeniedAsync()
        {
            var answer = await server.AuthorizeAsync(query, guessed);
            (answer.StatusCode, answer.DetailType).ShouldBe((401, "invalid_token"));
            answer.Header("X-Auth-Request-Token").ShouldBeNull();
        }
    }

    /// <summary>ING-036, ING-037: a token with a record but without a row is allowed and gets no children.</summary>
    [Theory, EveryMode]
    public async Task A_token_that_is_not_listed_has_no_children(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("unlisted", "read:all");
        await server.DeleteRowAsync(browser.Key);
        var bearer = TestServer.Bearer(browser.Session);
        (await server.AuthorizeAsync("?scope=read:all", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?delegate_to=a-service&delegate_scope=read:all", bearer)).ShouldBeError(
            401, 401, "invalid_token", "Integrity error creating internal token");
        (await server.AuthorizeAsync("?notebook=true", bearer)).ShouldBeError(
            401, 401, "invalid_token", "Integrity error creating notebook token");
    }
}
