using System.Net;
using Porthor.History;
using Porthor.Operations;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Delegation;

/// <summary>
/// Child tokens: their properties, and when an existing child is returned again. SVC-003 to SVC-010, CAC-001 to CAC-004, deviations 2, 9,
/// 29.
/// </summary>
public sealed partial class ChildTests
{
    private static readonly ScopeSet ReadAll = ScopeSet.Of("read:all");

    /// <summary>SVC-003, SVC-006.</summary>
    [Theory, EveryMode]
    public async Task A_child_belongs_to_its_parent_and_all_nodes_return_it(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var address = IPAddress.Parse("2001:db8::17");
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,exec:admin", address: address);
        operations.Clock.Advance(TimeSpan.FromMinutes(1));

        foreach (var (type, service, scopes) in ((TokenType, string?, ScopeSet)[])[
            (TokenType.Notebook, null, session.Scopes), (TokenType.Internal, "some-service", ReadAll),
            (TokenType.Internal, "some-service", ScopeSet.Empty)])
        {
            var child = await GetAsync(operations.Tokens);
            var record = (await operations.Tokens.GetDataAsync(child)).ShouldNotBeNull();
            record.ShouldBe(
                session.Record with { Token = child, TokenType = type, Service = service, Scopes = scopes, Created = operations.Now });
            var row = await operations.RowAsync(child);
            (row.TokenType, row.Service, row.Scopes, row.Parent, row.Expires, row.TokenName)
                .ShouldBe((type, service, scopes, session.Record.Token.Key, session.Record.Expires, null));
            (await operations.HistoryAsync("some-user"))[0].ShouldBe(
                TokenChange.Of(row, ChangeAction.Create, "some-user", address, operations.Now));

            // A repeated request, and one on a node with an empty cache, return the same child and add no row.
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
    public async Task Another_service_other_scopes_or_another_parent_get_another_child(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var second = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var neverExpiring = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("endless", ReadAll, Expires: null));
        Token[] children =
        [
            await operations.Tokens.GetInternalTokenAsync(session, "a", ReadAll),
            await operations.Tokens.GetInternalTokenAsync(session, "b", ReadAll),
            await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("read:all", "read:some")),
            await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Empty),
            await operations.Tokens.GetInternalTokenAsync(second, "a", ReadAll),
            await operations.Tokens.GetNotebookTokenAsync(session),
            await operations.Tokens.GetNotebookTokenAsync(second),
            await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(neverExpiring)),
        ];
        children.Distinct().Count().ShouldBe(children.Length);
        // The order of requested scopes does not matter.
        (await operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("read:some", "read:all"))).ShouldBe(children[2]);
        (await operations.RowAsync(children[^1])).Expires.ShouldBe(operations.Now + operations.Lifetime);

        var exception = await Should.ThrowAsync<PorthorException>(
            () => operations.Tokens.GetInternalTokenAsync(session, "a", ScopeSet.Of("exec:admin")));
        exception.Error.Kind.ShouldBe(ErrorKind.InvalidScopes);
        exception.Error.Message.ShouldStartWith("Requested scopes are broader than your current scopes: ");
    }

    /// <summary>
    /// SVC-004, SVC-008: two nodes create a child concurrently. Both children are valid, and each request returns one of them.
    /// </summary>
    [Theory, EveryMode]
    public async Task Two_equal_children_are_valid(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var other = await operations.OpenAnotherAsync();
        var notebook = await operations.Tokens.GetNotebookTokenAsync(session);
        var internalToken = await operations.Tokens.GetInternalTokenAsync(session, "a", ReadAll);
        var duplicates = await DuplicateAsync(operations, notebook, internalToken);

        (await other.Tokens.GetNotebookTokenAsync(session)).ShouldBeOneOf(notebook, duplicates[0]);
        (await other.Tokens.GetInternalTokenAsync(session, "a", ReadAll)).ShouldBeOneOf(internalToken, duplicates[1]);
    }

    /// <summary>Creates a second child beside each child, as another node would at the same time.</summary>
    private static async Task<List<Token>> DuplicateAsync(Operations operations, params Token[] children)
    {
        List<Token> duplicates = [];
        var codec = new RecordCodec(new Secrets.Fernet(operations.Deployment.Settings.SessionKeys, operations.Clock), operations.Clock);
        foreach (var child in children)
        {
            var duplicate = Token.Create();
            var record = (await operations.Tokens.GetDataAsync(child))!;
            await using var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(
                TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
            transaction.Insert(await operations.RowAsync(child) with { Token = duplicate.Key });
            await transaction.FlushAsync(TestContext.Current.CancellationToken);
            await operations.Node.RecordStore.Within(transaction).CreateAsync(
                duplicate.Key, codec.Encrypt(record with { Token = duplicate }), record.Expires, TestContext.Current.CancellationToken);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
            duplicates.Add(duplicate);
        }
        return duplicates;
    }
}
