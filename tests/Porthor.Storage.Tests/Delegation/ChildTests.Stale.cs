using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Delegation;

public sealed partial class ChildTests
{
    /// <summary>
    /// Tests a race that a lock alone does not prevent: the parent is read before its scopes are reduced, and the child is created
    /// afterwards. Administrators can grant scopes that they do not have, but not scopes that were just removed from them (deviations 2).
    /// </summary>
    [Theory, EveryMode]
    public async Task A_child_of_a_stale_parent_has_none_of_the_removed_scopes(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("boss", "user:token,admin:token,read:all,read:some");
        foreach (var remaining in (string[])["admin:token,read:some", "read:some"])
        {
            var parent = await operations.Tokens.CreateUserTokenAsync(
                session, "boss", new UserTokenRequest($"for {remaining}", session.Scopes, Expires: null));
            var stale = await operations.Tokens.CallerAsync(parent);
            await operations.Tokens.ModifyTokenAsync(
                parent.Key, operations.Administrator, "boss", new TokenEdit { Scopes = ScopeSet.Parse(remaining) });

            var notebook = await operations.Tokens.GetNotebookTokenAsync(stale);
            (await operations.Tokens.GetDataAsync(notebook))!.Scopes.Text.ShouldBe(remaining);
            var internalToken = await operations.Tokens.GetInternalTokenAsync(stale, "a", ScopeSet.Of("read:all", "read:some"));
            (await operations.Tokens.GetDataAsync(internalToken))!.Scopes.Text.ShouldBe("read:some");
            (await operations.RowAsync(internalToken)).Scopes.Text.ShouldBe("read:some");
        }
        // They can still grant scopes that they never had.
        var child = await operations.Tokens.GetInternalTokenAsync(session, "b", ScopeSet.Of("exec:test", "read:all"));
        (await operations.Tokens.GetDataAsync(child))!.Scopes.Text.ShouldBe("exec:test,read:all");
    }

    /// <summary>Deviations 9.</summary>
    [Theory, EveryMode]
    public async Task An_expired_parent_gets_no_child(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        operations.Clock.SetUtcNow(session.Record.Expires!.Value);
        var exception = await Should.ThrowAsync<PorthorException>(() => operations.Tokens.GetNotebookTokenAsync(session));
        exception.Error.ShouldBe(PorthorError.InvalidToken("Integrity error creating notebook token"));
    }
}
