using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Tokens;

public sealed partial class ChangeTests
{
    /// <summary>SVC-016, SVC-017.</summary>
    [Theory, EveryMode]
    public async Task Only_the_owner_or_an_administrator_can_revoke_a_token(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var other = await operations.Tokens.SessionForAsync("other-user");
        List<Token> tokens = [];
        foreach (var name in (string[])["one", "two"])
            tokens.Add(await operations.Tokens.CreateUserTokenAsync(
                session, "some-user", new UserTokenRequest(name, ScopeSet.Empty, Expires: null)));

        var exception = await Should.ThrowAsync<PorthorException>(
            () => operations.Tokens.DeleteTokenAsync(tokens[0].Key, other, "some-user"));
        exception.Error.ShouldBe(PorthorError.PermissionDenied("Cannot act on tokens for user some-user"));
        // A token is not found under the name of another user.
        (await operations.Tokens.DeleteTokenAsync(tokens[0].Key, other, "other-user")).ShouldBeFalse();
        (await operations.Tokens.GetDataAsync(tokens[0])).ShouldNotBeNull();

        var row = await operations.RowAsync(tokens[0]);
        foreach (var (token, caller) in tokens.Zip([session, operations.Administrator]))
        {
            (await operations.Tokens.DeleteTokenAsync(token.Key, caller, "some-user")).ShouldBeTrue();
            (await operations.Tokens.GetDataAsync(token)).ShouldBeNull();
            (await operations.Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldBeNull();
            (await operations.Tokens.DeleteTokenAsync(token.Key, caller, "some-user")).ShouldBeFalse();
        }
        (await operations.HistoryAsync("some-user"))[1].ShouldBe(
            TokenChange.Of(row, ChangeAction.Revoke, "some-user", session.IpAddress, operations.Now));
    }

    /// <summary>SVC-018.</summary>
    [Theory, EveryMode]
    public async Task Revoking_a_session_revokes_all_its_descendants_and_no_other_token(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("bot-some", "user:token,read:all,exec:notebook,admin:token");
        var user = await operations.Tokens.CreateUserTokenAsync(
            session, "bot-some", new UserTokenRequest("mine", ScopeSet.Of("read:all"), Expires: null));
        var service = await operations.Tokens.CreateTokenFromAdminRequestAsync(
            new AdminTokenRequest { Username = "bot-some", TokenType = TokenType.Service, Scopes = ScopeSet.Of("read:all") }, session);
        List<Token> ofSession = [.. await CreateTreeAsync(session)];
        List<Token> ofUser = [.. await CreateTreeAsync(await operations.Tokens.CallerAsync(user))];
        List<Token> ofService = [.. await CreateTreeAsync(await operations.Tokens.CallerAsync(service))];

        (await operations.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "bot-some")).ShouldBeTrue();
        await ShouldBeValidAsync([session.Record.Token, .. ofSession], false);
        await ShouldBeValidAsync([user, service, .. ofUser, .. ofService], true);
        // Children before their parents, and each change names the parent.
        (await operations.HistoryAsync("bot-some")).Take(5).Select(change => change.Action).ShouldAllBe(
            action => action == ChangeAction.Revoke);

        (await operations.Tokens.DeleteTokenAsync(user.Key, operations.Administrator, "bot-some")).ShouldBeTrue();
        await ShouldBeValidAsync([user, .. ofUser], false);
        await ShouldBeValidAsync([service, .. ofService], true);
        (await operations.Tokens.DeleteTokenAsync(service.Key, operations.Administrator, "bot-some")).ShouldBeTrue();
        await ShouldBeValidAsync([service, .. ofService], false);
        (await operations.Tokens.ListTokensAsync(operations.Administrator)).ShouldBeEmpty();

        async Task<Token[]> CreateTreeAsync(Caller parent)
        {
            var notebook = await operations.Tokens.GetNotebookTokenAsync(parent);
            var internalToken = await operations.Tokens.GetInternalTokenAsync(parent, "a-service", ScopeSet.Empty);
            var nested = await operations.Tokens.GetInternalTokenAsync(
                await operations.Tokens.CallerAsync(notebook), "b-service", ScopeSet.Of("read:all"));
            var deepest = await operations.Tokens.GetInternalTokenAsync(
                await operations.Tokens.CallerAsync(nested), "c-service", ScopeSet.Empty);
            return [notebook, internalToken, nested, deepest];
        }

        async Task ShouldBeValidAsync(List<Token> tokens, bool isValid)
        {
            foreach (var token in tokens)
            {
                (await operations.Tokens.GetDataAsync(token) is not null).ShouldBe(isValid);
                (await operations.Tokens.GetTokenInfoUncheckedAsync(token.Key) is not null).ShouldBe(isValid);
            }
        }
    }
}
