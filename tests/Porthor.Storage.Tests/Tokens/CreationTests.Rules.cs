using Porthor.Identity;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Tokens;

public sealed partial class CreationTests
{
    /// <summary>SVC-021: no token is created for an invalid username, even if a record contains one.</summary>
    [Theory, EveryMode]
    public async Task No_token_is_created_for_an_invalid_username(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var admin = await operations.Tokens.SessionForAsync("admin", "admin:token");
        foreach (var name in (string[])["<bootstrap>", "<internal>", "in+valid", " invalid", "invalid ", "in/valid", "in@valid", "-invalid",
            "invalid-", "in--valid", "1234567"])
        {
            var caller = admin with { Record = admin.Record with { Username = name } };
            var text = $"Invalid username: {name}";
            await ShouldFailAsync(ErrorKind.PermissionDenied, text, () => operations.Tokens.CreateSessionTokenAsync(
                name, UserData.None, ScopeSet.Empty, ipAddress: null));
            await ShouldFailAsync(ErrorKind.PermissionDenied, text, () => operations.Tokens.CreateUserTokenAsync(
                caller, name, new UserTokenRequest("n", ScopeSet.Empty, Expires: null)));
            await ShouldFailAsync(ErrorKind.PermissionDenied, text, () => operations.Tokens.GetNotebookTokenAsync(caller));
            await ShouldFailAsync(
                ErrorKind.PermissionDenied, text, () => operations.Tokens.GetInternalTokenAsync(caller, "service", ScopeSet.Empty));
            foreach (var type in (TokenType[])[TokenType.User, TokenType.Service])
            {
                var request = new AdminTokenRequest { Username = name, TokenType = type, TokenName = type == TokenType.User ? "n" : null };
                await ShouldFailAsync(
                    ErrorKind.PermissionDenied, text, () => operations.Tokens.CreateTokenFromAdminRequestAsync(request, admin));
            }
        }
        (await operations.Tokens.ListTokensAsync(operations.Administrator)).ShouldHaveSingleItem();
        (await operations.Tokens.SessionForAsync("ex-am-pl-e")).Username.ShouldBe("ex-am-pl-e");
    }

    /// <summary>
    /// The access token of an OpenID Connect client: a child without scopes, whose history does not name the parent (contract/tokens.md
    /// 7.5).
    /// </summary>
    [Theory, EveryMode]
    public async Task An_OpenID_Connect_token_is_revoked_with_its_session(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        operations.Clock.Advance(TimeSpan.FromDays(1));
        var token = await operations.Tokens.CreateOidcTokenAsync(session);
        var row = await operations.RowAsync(token);
        (row.TokenType, row.Scopes.IsEmpty, row.Parent, row.Expires, row.Created)
            .ShouldBe((TokenType.Oidc, true, session.Record.Token.Key, session.Record.Expires, operations.Now));
        (await operations.HistoryAsync("some-user"))[0].Parent.ShouldBeNull();

        (await operations.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user")).ShouldBeTrue();
        (await operations.Tokens.GetDataAsync(token)).ShouldBeNull();
        var exception = await Should.ThrowAsync<PorthorException>(() => operations.Tokens.CreateOidcTokenAsync(session));
        exception.Error.ShouldBe(PorthorError.InvalidToken("Integrity error creating OIDC token"));
    }
}
