using System.Net;
using Porthor.History;
using Porthor.Operations;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Delegation;

/// <summary>Children: what they are, and when one is handed out again. SVC-003 to SVC-010, CAC-001 to CAC-004, deviations 2, 9, 29.</summary>
public sealed class ChildTests
{
    private static readonly ScopeSet ReadAll = ScopeSet.Of("read:all");

    /// <summary>SVC-003, SVC-006.</summary>
    [Theory, EveryMode]
    public async Task A_child_is_its_parents_and_the_same_for_all_nodes(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var address = IPAddress.Parse("2001:db8::17");
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,exec:admin", address: address);
        operations.Clock.Advance(TimeSpan.FromMinutes(1));

        foreach (var (type, service, scopes) in ((TokenType, string?, ScopeSet)[])[
            (TokenType.Notebook, null, session.Scopes), (TokenType.Internal, "some-service", ReadAll), (TokenType.Internal, "some-service", ScopeSet.Empty)])
        {
            var child = await GetAsync(operations.Tokens);
            var record = (await operations.Tokens.GetDataAsync(child)).ShouldNotBeNull();
            record.ShouldBe(session.Record with { Token = child, TokenType = type, Service = service, Scopes = scopes, Created = operations.Now });
            var row = await operations.RowAsync(child);
            (row.TokenType, row.Service, row.Scopes, row.Parent, row.Expires, row.TokenName)
                .ShouldBe((type, service, scopes, session.Record.Token.Key, session.Record.Expires, null));
            (await operations.HistoryAsync("some-user"))[0].ShouldBe(TokenChange.Of(row, ChangeAction.Create, "some-user", address, operations.Now));

            // Again, and by a node that remembers nothing: the same, and no second row.
            (await GetAsync(operations.Tokens)).ShouldBe(child);
            (await GetAsync((await operations.OpenAnotherAsync()).Tokens)).ShouldBe(child);
            (await operations.HistoryAsync("some-user")).Count(change => change.Token == child.Key).ShouldBe(1);

            Task<Token> GetAsync(TokenService tokens) => type == TokenType.Notebook
                ? tokens.GetNotebookTokenAsync(session)
                : tokens.GetInternalTokenAsync(session, service!, scopes);
        }
    }

    /// <summary>SVC-005, SVC-007, SVC-009, CAC-001, CAC-002.</summary>
    [Theory, EveryMode]
    public async Task Another_service_other_scopes_or_another_parent_is_another_child(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var second = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var endless = await operations.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("endless", ReadAll, Expires: null));
        Token[] children =
        [
            await operations.Tokens.GetInternalTokenAsync(session, "a", ReadAll),
            await operations.Tokens.GetInternalTokenAsync(session, "b", ReadAll),
            await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("read:all", "read:some")),
            await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Empty),
            await operations.Tokens.GetInternalTokenAsync(second, "a", ReadAll),
            await operations.Tokens.GetNotebookTokenAsync(session),
            await operations.Tokens.GetNotebookTokenAsync(second),
            await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(endless)),
        ];
        children.Distinct().Count().ShouldBe(children.Length);
        // The scopes of a set have no order.
        (await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("read:some", "read:all"))).ShouldBe(children[2]);
        (await operations.RowAsync(children[^1])).Expires.ShouldBe(operations.Now + operations.Lifetime);

        var refused = await Should.ThrowAsync<PorthorException>(() => operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("exec:admin")));
        refused.Error.Kind.ShouldBe(ErrorKind.InvalidScopes);
        refused.Error.Message.ShouldStartWith("Requested scopes are broader than your current scopes: ");
    }

    /// <summary>SVC-004, SVC-008: two nodes raced, and both children work; whoever asks gets one of them.</summary>
    [Theory, EveryMode]
    public async Task Two_children_alike_are_no_error(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var other = await operations.OpenAnotherAsync();
        var notebook = await operations.Tokens.GetNotebookTokenAsync(session);
        var inner = await operations.Tokens.GetInternalTokenAsync(session, "a", ReadAll);
        var twins = await TwinsAsync(operations, notebook, inner);

        (await other.Tokens.GetNotebookTokenAsync(session)).ShouldBeOneOf(notebook, twins[0]);
        (await other.Tokens.GetInternalTokenAsync(session, "a", ReadAll)).ShouldBeOneOf(inner, twins[1]);
    }

    /// <summary>SVC-010.</summary>
    [Theory, EveryMode]
    public async Task A_child_lasts_as_long_as_its_parent_lets_it(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        // Less than half of a usual life.
        var end = operations.Now + (operations.Lifetime / 2) - TimeSpan.FromSeconds(5);
        var user = await operations.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("short", ReadAll, end));
        var (firstNotebook, firstInner) = await GetAsync();
        (await operations.RowAsync(firstNotebook)).Expires.ShouldBe(end);
        (await GetAsync()).ShouldBe((firstNotebook, firstInner));

        // Extended beyond twice: new ones, with a whole life.
        await EditAsync(new TokenEdit { Expires = operations.Now + (operations.Lifetime * 2) });
        var (secondNotebook, secondInner) = await GetAsync();
        secondNotebook.ShouldNotBe(firstNotebook);
        secondInner.ShouldNotBe(firstInner);
        (await operations.RowAsync(secondNotebook)).Expires.ShouldBe(operations.Now + operations.Lifetime);

        // For ever: the same.
        await EditAsync(new TokenEdit { NeverExpires = true });
        (await GetAsync()).ShouldBe((secondNotebook, secondInner));

        async Task<(Token, Token)> GetAsync()
        {
            var caller = await operations.Tokens.CallerAsync(user);
            return (await operations.Tokens.GetNotebookTokenAsync(caller), await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll));
        }

        Task EditAsync(TokenEdit edit) => operations.Tokens.ModifyTokenAsync(user.Key, operations.Administrator, "some-user", edit);
    }

    /// <summary>CAC-003, and a child that another node revoked.</summary>
    [Theory, EveryMode]
    public async Task A_remembered_child_that_is_gone_is_not_handed_out(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var notebook = await operations.Tokens.GetNotebookTokenAsync(session);
        await (await operations.OpenAnotherAsync()).Tokens.DeleteTokenAsync(notebook.Key, session, "some-user");
        var fresh = await operations.Tokens.GetNotebookTokenAsync(session);
        fresh.ShouldNotBe(notebook);
        (await operations.Tokens.GetDataAsync(fresh)).ShouldNotBeNull();
    }

    /// <summary>CAC-004.</summary>
    [Theory, EveryMode]
    public async Task A_child_serves_until_half_its_life_is_over(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var endless = await operations.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("endless", ReadAll, Expires: null));
        var caller = await operations.Tokens.CallerAsync(endless);
        var (notebook, inner) = (await operations.Tokens.GetNotebookTokenAsync(caller), await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll));

        operations.Clock.Advance((operations.Lifetime / 2) - TimeSpan.FromSeconds(5));
        (await operations.Tokens.GetNotebookTokenAsync(caller)).ShouldBe(notebook);
        (await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll)).ShouldBe(inner);
        operations.Clock.Advance(TimeSpan.FromSeconds(20));
        (await operations.Tokens.GetNotebookTokenAsync(caller)).ShouldNotBe(notebook);
        (await operations.Tokens.GetInternalTokenAsync(caller, "a", ReadAll)).ShouldNotBe(inner);
        // Who asks for less gets what there is.
        (await operations.Tokens.GetDataAsync(notebook)).ShouldNotBeNull();
    }

    /// <summary>Deviations 29: narrowed and widened again, a parent gets children with all that it has.</summary>
    [Theory, EveryMode]
    public async Task A_child_that_was_narrowed_does_not_stand_for_one_that_was_not(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var user = await operations.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("swinging", session.Scopes, Expires: null));
        var before = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(user));
        foreach (var scopes in (ScopeSet[])[ReadAll, session.Scopes])
            await operations.Tokens.ModifyTokenAsync(user.Key, operations.Administrator, "some-user", new TokenEdit { Scopes = scopes });
        (await operations.Tokens.GetDataAsync(before))!.Scopes.ShouldBe(ReadAll);
        var after = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(user));
        (await operations.Tokens.GetDataAsync(after))!.Scopes.ShouldBe(session.Scopes);
    }

    /// <summary>
    /// The race that a lock alone does not win: the parent was read before it was narrowed, and the child is made afterwards. An
    /// administrator may give away what they lack, but not what was just taken from them (deviations 2).
    /// </summary>
    [Theory, EveryMode]
    public async Task A_child_made_from_what_was_read_before_a_narrowing_has_nothing_of_what_was_lost(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("boss", "user:token,admin:token,read:all,read:some");
        foreach (var left in (string[])["admin:token,read:some", "read:some"])
        {
            var parent = await operations.Tokens.CreateUserTokenAsync(session, "boss", new UserTokenRequest($"for {left}", session.Scopes, Expires: null));
            var stale = await operations.Tokens.CallerAsync(parent);
            await operations.Tokens.ModifyTokenAsync(parent.Key, operations.Administrator, "boss", new TokenEdit { Scopes = ScopeSet.Parse(left) });

            var notebook = await operations.Tokens.GetNotebookTokenAsync(stale);
            (await operations.Tokens.GetDataAsync(notebook))!.Scopes.Text.ShouldBe(left);
            var inner = await operations.Tokens.GetInternalTokenAsync(stale, "a", ScopeSet.Of("read:all", "read:some"));
            (await operations.Tokens.GetDataAsync(inner))!.Scopes.Text.ShouldBe("read:some");
            (await operations.RowAsync(inner)).Scopes.Text.ShouldBe("read:some");
        }
        // What they never had they may give all the same.
        var child = await operations.Tokens.GetInternalTokenAsync(session, "b", ScopeSet.Of("exec:test", "read:all"));
        (await operations.Tokens.GetDataAsync(child))!.Scopes.Text.ShouldBe("exec:test,read:all");
    }

    /// <summary>Deviations 9.</summary>
    [Theory, EveryMode]
    public async Task A_parent_that_has_just_expired_has_no_children(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        operations.Clock.SetUtcNow(session.Record.Expires!.Value);
        var refused = await Should.ThrowAsync<PorthorException>(() => operations.Tokens.GetNotebookTokenAsync(session));
        refused.Error.ShouldBe(PorthorError.InvalidToken("Integrity error creating notebook token"));
    }

    /// <summary>A second child beside each, as another node would have made it at the same moment.</summary>
    private static async Task<List<Token>> TwinsAsync(Operations operations, params Token[] children)
    {
        List<Token> twins = [];
        var codec = new RecordCodec(new Secrets.Fernet(operations.Deployment.Settings.SessionKeys, operations.Clock), operations.Clock);
        foreach (var child in children)
        {
            var twin = Token.Create();
            var record = (await operations.Tokens.GetDataAsync(child))!;
            await using var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
            transaction.Insert(await operations.RowAsync(child) with { Token = twin.Key });
            await transaction.FlushAsync(TestContext.Current.CancellationToken);
            await operations.Node.RecordStore.Within(transaction).CreateAsync(twin.Key, codec.Seal(record with { Token = twin }), record.Expires, TestContext.Current.CancellationToken);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
            twins.Add(twin);
        }
        return twins;
    }
}
