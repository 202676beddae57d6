using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Tokens;

/// <summary>Lists, edits and revocations, and their history. SVC-014 to SVC-019.</summary>
public sealed partial class ChangeTests
{
    /// <summary>SVC-014.</summary>
    [Theory, EveryMode]
    public async Task A_list_is_newest_first_and_only_administrators_list_all_users(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var first = await operations.Tokens.SessionForAsync("some-user");
        var other = await operations.Tokens.SessionForAsync("other-user");
        operations.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await operations.Tokens.SessionForAsync("some-user");
        // Tokens of the same second are in the order of their keys.
        var third = await operations.Tokens.SessionForAsync("some-user");
        TokenKey[] newest = [.. new[] { second, third }.Select(caller => caller.Record.Token.Key).Order()];

        (await KeysAsync(first, "some-user")).ShouldBe([.. newest, first.Record.Token.Key]);
        (await KeysAsync(operations.Administrator, "some-user")).ShouldBe([.. newest, first.Record.Token.Key]);
        (await KeysAsync(operations.Administrator, username: null)).Length.ShouldBe(4);
        foreach (var (caller, username) in ((Caller, string?)[])[(first, null), (first, "other-user"), (other, "some-user")])
            (await Should.ThrowAsync<PorthorException>(() => KeysAsync(caller, username))).Error.Kind.ShouldBe(ErrorKind.PermissionDenied);

        async Task<TokenKey[]> KeysAsync(Caller caller, string? username) =>
            [.. (await operations.Tokens.ListTokensAsync(caller, username)).Select(token => token.Token)];
    }

    /// <summary>SVC-015.</summary>
    [Theory, EveryMode]
    public async Task History_contains_the_old_values_of_changed_fields_only(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var end = operations.Now.AddDays(50);
        var token = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("first", ScopeSet.Empty, Expires: null));

        await EditAsync(new TokenEdit { TokenName = "second" });
        await EditAsync(new TokenEdit { Scopes = ScopeSet.Of("read:all"), Expires = end });
        await EditAsync(new TokenEdit { NeverExpires = true });

        var history = (await operations.HistoryAsync("some-user")).Take(3).ToList();
        history.ShouldAllBe(
            change => change.Action == ChangeAction.Edit && change.Actor == TokenRecord.BootstrapUsername && change.TokenName == "second");
        history.Select(
            change => (change.OldTokenName, change.OldScopes?.Text, change.OldExpires, change.Scopes.Text, change.Expires)).ShouldBe(
        [
            (null, null, end, "read:all", null),
            (null, "", null, "read:all", end),
            ("first", null, null, "", null),
        ]);
        var row = await operations.RowAsync(token);
        (row.TokenName, row.Scopes.Text, row.Expires).ShouldBe(("second", "read:all", null));
        (await operations.Tokens.GetDataAsync(token))!.Expires.ShouldBeNull();

        async Task EditAsync(TokenEdit edit)
        {
            operations.Clock.Advance(TimeSpan.FromSeconds(1));
            (await operations.Tokens.ModifyTokenAsync(token.Key, operations.Administrator, "some-user", edit)).ShouldNotBeNull();
        }
    }

    /// <summary>SVC-019.</summary>
    [Theory, EveryMode]
    public async Task Shortening_a_token_shortens_all_descendants_in_both_stores(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,exec:notebook");
        var parent = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("parent", session.Scopes, operations.Now.AddDays(40)));
        var caller = await operations.Tokens.CallerAsync(parent);
        var notebook = await operations.Tokens.GetNotebookTokenAsync(caller);
        var internalToken = await operations.Tokens.GetInternalTokenAsync(caller, "a-service", ScopeSet.Of("read:all"));
        var nested = await operations.Tokens.GetInternalTokenAsync(
            await operations.Tokens.CallerAsync(notebook), "b-service", ScopeSet.Empty);

        operations.Clock.Advance(TimeSpan.FromSeconds(1));
        var end = operations.Now.AddDays(10);
        await operations.Tokens.ModifyTokenAsync(parent.Key, operations.Administrator, "some-user", new TokenEdit { Expires = end });
        foreach (var token in (Token[])[parent, notebook, internalToken, nested])
        {
            (await operations.RowAsync(token)).Expires.ShouldBe(end);
            (await operations.Tokens.GetDataAsync(token))!.Expires.ShouldBe(end);
            await ShouldExpireInRedisAsync(operations, token, end);
        }
        var edits = (await operations.HistoryAsync("some-user")).TakeWhile(change => change.Action == ChangeAction.Edit).ToList();
        edits.Select(edit => edit.Token).ShouldBe([parent.Key, notebook.Key, internalToken.Key, nested.Key], ignoreOrder: true);
        edits.ShouldAllBe(
            edit => edit.Expires == end && edit.OldExpires > end && edit.OldScopes == null && edit.Actor == TokenRecord.BootstrapUsername);

        // An extension applies only to the parent itself.
        await operations.Tokens.ModifyTokenAsync(parent.Key, operations.Administrator, "some-user", new TokenEdit { NeverExpires = true });
        (await operations.RowAsync(notebook)).Expires.ShouldBe(end);
        await ShouldExpireInRedisAsync(operations, parent, end: null);
        operations.Clock.SetUtcNow(end);
        (await operations.Tokens.GetDataAsync(nested)).ShouldBeNull();
        (await operations.Tokens.GetDataAsync(parent)).ShouldNotBeNull();
    }

    private static async Task ShouldExpireInRedisAsync(Operations operations, Token token, DateTimeOffset? end)
    {
        if (operations.Deployment.Settings.PersistentRedis is not { } options)
            return;
        await using var connection = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var remaining = await connection.GetDatabase(options.Database).KeyTimeToLiveAsync($"token:{token.Key}");
        if (end is null)
            remaining.ShouldBeNull();
        else
            remaining!.Value.ShouldBeInRange(end.Value - operations.Now - TimeSpan.FromMinutes(2), end.Value - operations.Now);
    }
}
