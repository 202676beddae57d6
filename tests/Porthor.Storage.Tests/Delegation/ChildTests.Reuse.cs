using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Delegation;

public sealed partial class ChildTests
{
    /// <summary>SVC-010.</summary>
    [Theory, EveryMode]
    public async Task A_childs_lifetime_depends_on_its_parent(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        // The expiration is after less than half of the usual lifetime.
        var end = operations.Now + (operations.Lifetime / 2) - TimeSpan.FromSeconds(5);
        var user = await operations.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("short", ReadAll, end));
        var (firstNotebook, firstInternal) = await GetAsync();
        (await operations.RowAsync(firstNotebook)).Expires.ShouldBe(end);
        (await GetAsync()).ShouldBe((firstNotebook, firstInternal));

        // The parent was extended to more than twice the lifetime: new children get the full lifetime.
        await EditAsync(new TokenEdit { Expires = operations.Now + (operations.Lifetime * 2) });
        var (secondNotebook, secondInternal) = await GetAsync();
        secondNotebook.ShouldNotBe(firstNotebook);
        secondInternal.ShouldNotBe(firstInternal);
        (await operations.RowAsync(secondNotebook)).Expires.ShouldBe(operations.Now + operations.Lifetime);

        // If the parent does not expire, the children stay the same.
        await EditAsync(new TokenEdit { NeverExpires = true });
        (await GetAsync()).ShouldBe((secondNotebook, secondInternal));

        async Task<(Token, Token)> GetAsync()
        {
            var caller = await operations.Tokens.CallerAsync(user);
            return (
                await operations.Tokens.GetNotebookTokenAsync(caller), await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll));
        }

        Task EditAsync(TokenEdit edit) => operations.Tokens.ModifyTokenAsync(user.Key, operations.Administrator, "some-user", edit);
    }

    /// <summary>CAC-003, and a child that was revoked on another node.</summary>
    [Theory, EveryMode]
    public async Task A_cached_child_that_was_revoked_is_not_returned(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var notebook = await operations.Tokens.GetNotebookTokenAsync(session);
        await (await operations.OpenAnotherAsync()).Tokens.DeleteTokenAsync(notebook.Key, session, "some-user");
        var created = await operations.Tokens.GetNotebookTokenAsync(session);
        created.ShouldNotBe(notebook);
        (await operations.Tokens.GetDataAsync(created)).ShouldNotBeNull();
    }

    /// <summary>CAC-004.</summary>
    [Theory, EveryMode]
    public async Task A_child_is_returned_again_until_half_its_lifetime_has_passed(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var neverExpiring = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("endless", ReadAll, Expires: null));
        var caller = await operations.Tokens.CallerAsync(neverExpiring);
        var (notebook, internalToken) = (
            await operations.Tokens.GetNotebookTokenAsync(caller), await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll));

        operations.Clock.Advance((operations.Lifetime / 2) - TimeSpan.FromSeconds(5));
        (await operations.Tokens.GetNotebookTokenAsync(caller)).ShouldBe(notebook);
        (await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll)).ShouldBe(internalToken);
        operations.Clock.Advance(TimeSpan.FromSeconds(20));
        (await operations.Tokens.GetNotebookTokenAsync(caller)).ShouldNotBe(notebook);
        (await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll)).ShouldNotBe(internalToken);
        // The replaced child stays valid.
        (await operations.Tokens.GetDataAsync(notebook)).ShouldNotBeNull();
    }

    /// <summary>Deviations 29: after its scopes were reduced and restored, the parent gets children with all its scopes.</summary>
    [Theory, EveryMode]
    public async Task A_child_with_reduced_scopes_is_not_returned_for_more_scopes(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var user = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("swinging", session.Scopes, Expires: null));
        var before = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(user));
        foreach (var scopes in (ScopeSet[])[ReadAll, session.Scopes])
            await operations.Tokens.ModifyTokenAsync(user.Key, operations.Administrator, "some-user", new TokenEdit { Scopes = scopes });
        (await operations.Tokens.GetDataAsync(before))!.Scopes.ShouldBe(ReadAll);
        var after = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(user));
        (await operations.Tokens.GetDataAsync(after))!.Scopes.ShouldBe(session.Scopes);
    }
}
