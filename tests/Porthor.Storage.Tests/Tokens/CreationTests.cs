using System.Net;
using Porthor.History;
using Porthor.Identity;
using Porthor.Operations;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Tokens;

/// <summary>
/// New tokens in the record store, in the token index and in the history. SVC-001, SVC-002, SVC-011 to SVC-013, SVC-021, SVC-022.
/// </summary>
public sealed partial class CreationTests
{
    /// <summary>SVC-001.</summary>
    [Theory, EveryMode]
    public async Task A_session_is_the_same_in_all_stores_and_has_the_configured_lifetime(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        // The groups are not sorted, so the test would notice if they were sorted.
        var user = TokenBuilders.SomeUser with { Groups = [new Group("zeta", 2), new Group("alpha", 1)] };
        var token = await operations.Tokens.CreateSessionTokenAsync(
            "some-user", user, ScopeSet.Of("user:token", "read:all"), IPAddress.Parse("2001:db8::1"));

        var record = (await operations.Tokens.GetDataAsync(token)).ShouldNotBeNull();
        record.ShouldBe(new TokenRecord
        {
            Token = token,
            Username = "some-user",
            TokenType = TokenType.Session,
            Scopes = ScopeSet.Of("read:all", "user:token"),
            Created = operations.Now,
            Expires = operations.Now + operations.Lifetime,
            UserData = user,
        });
        var row = await operations.RowAsync(token);
        row.ShouldBe(new TokenInfo
        {
            Token = token.Key,
            Username = "some-user",
            TokenType = TokenType.Session,
            Scopes = record.Scopes,
            Created = record.Created,
            Expires = record.Expires,
        });
        var history = await operations.Tokens.GetChangeHistoryAsync(
            operations.Administrator, new HistoryRequest<HistoryFilter>(new HistoryFilter(), Cursor: null, Limit: null));
        (await history.Rows.SingleAsync()).ShouldBe(
            TokenChange.Of(row, ChangeAction.Create, "some-user", IPAddress.Parse("2001:db8::1"), operations.Now) with { Id = 1 });
    }

    /// <summary>SVC-002.</summary>
    [Theory, EveryMode]
    public async Task A_user_token_has_its_own_name_and_expiration_and_no_parent(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all", address: IPAddress.Parse("192.0.2.99"));
        var end = operations.Now.AddDays(400);
        var token = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("laptop", ScopeSet.Of("read:all"), end.AddMilliseconds(900)));

        var record = (await operations.Tokens.GetDataAsync(token)).ShouldNotBeNull();
        (record.TokenType, record.Expires, record.UserData, record.Service).ShouldBe((TokenType.User, end, session.Record.UserData, null));
        var row = await operations.RowAsync(token);
        (row.TokenName, row.Expires, row.Parent).ShouldBe(("laptop", end, null));
        (await operations.HistoryAsync("some-user"))[0].ShouldBe(
            TokenChange.Of(row, ChangeAction.Create, "some-user", IPAddress.Parse("192.0.2.99"), operations.Now));
    }

    /// <summary>SVC-011, SVC-012, SVC-013, SVC-022.</summary>
    [Theory, EveryMode]
    public async Task Only_administrators_can_create_tokens_for_others(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var user = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var admin = await operations.Tokens.SessionForAsync("admin", "admin:token");
        var request = new AdminTokenRequest
        {
            Username = "bot-some",
            TokenType = TokenType.Service,
            Scopes = ScopeSet.Of("read:all"),
            Expires = operations.Now.AddDays(7),
            UserData = TokenBuilders.SomeUser,
        };
        await ShouldFailAsync(
            ErrorKind.PermissionDenied, "Missing required admin:token scope",
            () => operations.Tokens.CreateTokenFromAdminRequestAsync(request, user));
        await ShouldFailAsync(
            ErrorKind.InvalidScopes, "Unknown scopes requested: invalid:scope. Known scopes: ",
            () => operations.Tokens.CreateTokenFromAdminRequestAsync(request with { Scopes = ScopeSet.Of("invalid:scope") }, admin));
        await ShouldFailAsync(
            ErrorKind.InvalidExpires, "Token must be valid for at least five minutes",
            () => operations.Tokens.CreateTokenFromAdminRequestAsync(request with { Expires = operations.Now }, admin));
        await ShouldFailAsync(
            ErrorKind.PermissionDenied, "Username \"some-user\" must start with \"bot-\"",
            () => operations.Tokens.CreateTokenFromAdminRequestAsync(request with { Username = "some-user" }, admin));

        // Each field is as requested. The scopes can be ones that the administrator does not have.
        var token = await operations.Tokens.CreateTokenFromAdminRequestAsync(request, admin);
        var record = (await operations.Tokens.GetDataAsync(token)).ShouldNotBeNull();
        (record.Username, record.TokenType, record.Scopes, record.Expires, record.UserData)
            .ShouldBe(("bot-some", TokenType.Service, request.Scopes, request.Expires, request.UserData));
        var change = (await operations.HistoryAsync("bot-some")).ShouldHaveSingleItem();
        (change.Actor, change.Action, change.Parent, change.IpAddress).ShouldBe(
            ("admin", ChangeAction.Create, null, TokenBuilders.Address));
        await ShouldFailAsync(
            ErrorKind.PermissionDenied, "Cannot act on tokens for user bot-some",
            () => operations.Tokens.GetChangeHistoryAsync(
                user, new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = "bot-some" }, Cursor: null, Limit: null)));

        // A request with only the required fields.
        var minimal = await operations.Tokens.CreateTokenFromAdminRequestAsync(
            new AdminTokenRequest { Username = "bot-least", TokenType = TokenType.Service }, admin);
        record = (await operations.Tokens.GetDataAsync(minimal)).ShouldNotBeNull();
        (record.Scopes.IsEmpty, record.Expires, record.UserData).ShouldBe((true, null, UserData.None));
    }

    private static async Task ShouldFailAsync(ErrorKind kind, string message, Func<Task> call)
    {
        var exception = await Should.ThrowAsync<PorthorException>(call);
        // The known scopes of the test deployments.
        exception.Error.ShouldBe(new PorthorError(
            kind, message.EndsWith(": ", StringComparison.Ordinal)
                ? message + string.Join(", ", Deployment.KnownScopes.Keys.Order(StringComparer.Ordinal)) : message));
    }
}
