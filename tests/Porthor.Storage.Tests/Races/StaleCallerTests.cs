using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>The caller's record was read before their token was changed. The old record must not grant removed scopes.</summary>
public sealed class StaleCallerTests
{
    [Theory]
    [EveryMode]
    public async Task An_administrators_child_has_no_scope_that_was_removed_from_its_parent(Mode mode)
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

        // Scopes that the parent lost are missing. An administrator can grant scopes that the parent never had.
        child.Scopes.ShouldBe(ScopeSet.Of("read:some", "user:token"));
    }
}
