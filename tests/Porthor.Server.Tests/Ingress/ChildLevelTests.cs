using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>A client cannot present delegated tokens to the same location without limit (deviations 33).</summary>
public sealed class ChildLevelTests(ForwardServers servers) : IClassFixture<ForwardServers>
{
    private const string Text =
        "Cannot create a child token: the presented token is already at level 16 of child tokens, which is the maximum";

    [Theory]
    [InlineData("?delegate_to=chain&delegate_scope=read:all")]
    [InlineData("?notebook=true")]
    public async Task Delegated_tokens_have_at_most_16_levels(string query)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync(
            query.Contains("notebook", StringComparison.Ordinal) ? "notes" : "chains", "read:all,user:token");
        var presented = browser.Session;
        for (var level = 1; level <= 16; level++)
        {
            var answer = await server.AuthorizeAsync(query, TestServer.Bearer(presented));
            answer.ShouldBeAllowed();
            presented = Token.Parse(answer.Header("X-Auth-Request-Token")!);
        }

        var refused = await server.AuthorizeAsync(query, TestServer.Bearer(presented));
        refused.ShouldBeError(403, 403, "permission_denied", Text);
        (await server.ForwardAsync(query, TestServer.Bearer(presented))).ShouldBeDeniedAs(403, "permission_denied", Text);
        // Without delegation the token works like any other.
        (await server.AuthorizeAsync("?scope=read:all", TestServer.Bearer(presented))).ShouldBeAllowed();
    }
}
