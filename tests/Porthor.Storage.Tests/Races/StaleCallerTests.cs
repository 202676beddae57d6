using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>A caller whose record was read before their token was changed: what was read must not give what was taken away.</summary>
public sealed class StaleCallerTests
{
    [Theory]
    [EveryMode]
    public async Task An_administrators_child_has_no_scope_that_its_parent_has_lost(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        var request = new AdminTokenRequest
        {
            Username = "admin",
            TokenType = TokenType.User,
            TokenName = "parent",
            Scopes = ScopeSet.Of("admin:token", "read:all", "user:token"),
        };
        var readBefore = await node.Tokens.CallerAsync(await node.Tokens.CreateTokenFromAdminRequestAsync(request, administrator));
        await node.Tokens.ModifyTokenAsync(
            readBefore.Record.Token.Key, administrator, "admin", new TokenEdit { Scopes = ScopeSet.Of("admin:token", "user:token") });

        var wanted = ScopeSet.Of("read:all", "read:some", "user:token");
        var child = await node.Tokens.CallerAsync(await node.Tokens.GetInternalTokenAsync(readBefore, "tap", wanted));

        // What the parent has lost is gone; what it never had, an administrator may give.
        child.Scopes.ShouldBe(ScopeSet.Of("read:some", "user:token"));
    }
}
