using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

/// <summary>A token can have at most 16 levels of children (deviations 33).</summary>
public sealed class LevelTests
{
    [Theory, EveryMode]
    public async Task A_token_at_level_16_gets_no_child(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var tokens = operations.Tokens;
        var caller = await tokens.SessionForAsync("some-user", "read:all,exec:notebook,user:token");
        for (var level = 1; level <= 16; level++)
        {
            var child = level % 2 == 0 ? await tokens.GetNotebookTokenAsync(caller)
                : await tokens.GetInternalTokenAsync(caller, "tap", ScopeSet.Of("read:all"));
            // The notebook token and other services reach level 16 too.
            if (level == 16)
                await tokens.GetInternalTokenAsync(caller, "sia", ScopeSet.Of("read:all"));
            caller = await tokens.CallerAsync(child);
        }

        (await Should.ThrowAsync<PorthorException>(() => tokens.GetInternalTokenAsync(caller, "tap", ScopeSet.Of("read:all"))))
            .Error.Kind.ShouldBe(ErrorKind.PermissionDenied);
        (await Should.ThrowAsync<PorthorException>(
            () => tokens.GetNotebookTokenAsync(caller))).Error.Kind.ShouldBe(ErrorKind.PermissionDenied);
        (await Should.ThrowAsync<PorthorException>(
            () => tokens.CreateOidcTokenAsync(caller))).Error.Kind.ShouldBe(ErrorKind.PermissionDenied);
        (await tokens.ListTokensAsync(operations.Administrator, "some-user")).Count.ShouldBe(18);
    }

    /// <summary>An existing child is returned again at any level, also by a node that has not cached it.</summary>
    [Theory]
    [EveryMode]
    public async Task A_child_that_exists_is_not_affected_by_the_limit(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var end = node.Clock.GetSecondsNow().AddDays(2);
        var tree = await InsertedTree.CreateAsync(node, Shape.Deep, 20, end);
        var deepest = await node.Tokens.CallerAsync(tree.Descendants[^2]);

        var child = await node.Tokens.GetInternalTokenAsync(deepest, "tap", InsertedTree.Scopes);
        child.ShouldBe(tree.Descendants[^1]);
        (await Should.ThrowAsync<PorthorException>(() => node.Tokens.GetInternalTokenAsync(deepest, "sia", InsertedTree.Scopes)))
            .Error.Kind.ShouldBe(ErrorKind.PermissionDenied);
    }

    /// <summary>Each of two tokens is the parent of the other. No software should write such rows.</summary>
    [Theory, EveryMode]
    public async Task A_cycle_is_revoked_and_gets_no_child(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var tree = await InsertedTree.CreateAsync(node, Shape.Deep, 3);
        await RawSql.ExecuteAsync(
            deployment, node, $"INSERT INTO subtoken (child, parent) VALUES ('{tree.Root.Key}', '{tree.Descendants[^1].Key}')");

        var caller = await node.Tokens.CallerAsync(tree.Descendants[1]);
        (await Should.ThrowAsync<PorthorException>(() => node.Tokens.GetInternalTokenAsync(caller, "sia", InsertedTree.Scopes)))
            .Error.Kind.ShouldBe(ErrorKind.PermissionDenied);
        (await node.Tokens.DeleteTokenAsync(tree.Descendants[1].Key, TokenBuilders.Administrator(node.Clock), InsertedTree.Username))
            .ShouldBeTrue();
        (await InsertedTree.ListedAsync(node)).ShouldBe(0);
    }
}
