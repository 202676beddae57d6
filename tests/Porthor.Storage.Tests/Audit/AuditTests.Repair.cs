using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Audit;

public sealed partial class AuditTests
{
    /// <summary>
    /// Deviations 28: of two times of expiration the earlier one wins, and descendants that expire later are shortened too.
    /// </summary>
    [Theory, EveryMode]
    public async Task The_earlier_of_two_expirations_wins(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var stores = new InconsistentStores(operations);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var (early, late) = (operations.Now.AddDays(3), operations.Now.AddDays(9));
        List<Token> tokens = [];
        foreach (var name in (string[])["record earlier", "row earlier"])
            tokens.Add(await operations.Tokens.CreateUserTokenAsync(
                session, "some-user", new UserTokenRequest(name, ScopeSet.Of("read:all"), late)));
        var child = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(tokens[0]));
        await stores.ChangeRecordAsync(tokens[0], record => record with { Expires = early });
        await stores.ChangeRowAsync(tokens[1], row => row with { Expires = early });

        var findings = await operations.Audit.RunAsync(fix: true).ToListAsync();
        findings.Select(finding => finding.Text).ShouldBe(
            [
                $"Token `{tokens[0].Key}` for `some-user` does not match between database and Redis (expires [fixed])",
                $"Token `{tokens[1].Key}` for `some-user` does not match between database and Redis (expires [fixed])",
                $"Token `{child.Key}` for `some-user` expires after its parent token (fixed)",
            ],
            ignoreOrder: true);
        findings.ShouldAllBe(finding => finding.Repaired);
        foreach (var token in (Token[])[.. tokens, child])
        {
            (await operations.RowAsync(token)).Expires.ShouldBe(early);
            (await operations.Tokens.GetDataAsync(token))!.Expires.ShouldBe(early);
        }
        (await operations.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
    }

    /// <summary>
    /// A node crashed while it removed a scope: the record lost the scope, the row and the children did not. The audit must change the
    /// children together with the row. Otherwise a repeated edit would find no scope to remove (deviations 2).
    /// </summary>
    [Theory, EveryMode]
    public async Task Scopes_that_a_repair_removes_from_a_token_are_removed_from_its_children(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var stores = new InconsistentStores(operations);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,read:some");
        var token = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("cut", session.Scopes, Expires: null));
        var notebook = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(token));
        var nested = await operations.Tokens.GetInternalTokenAsync(
            await operations.Tokens.CallerAsync(notebook), "a", ScopeSet.Of("read:all", "read:some"));
        await stores.ChangeRecordAsync(token, record => record with { Scopes = ScopeSet.Of("read:all", "user:token") });

        await operations.Audit.RunAsync(fix: true).ToListAsync();
        foreach (var (child, scopes) in ((Token, string)[])[
            (token, "read:all,user:token"), (notebook, "read:all,user:token"), (nested, "read:all")])
        {
            (await operations.Tokens.GetDataAsync(child))!.Scopes.Text.ShouldBe(scopes);
            (await operations.RowAsync(child)).Scopes.Text.ShouldBe(scopes);
        }
        (await operations.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
    }

    /// <summary>
    /// A node crashed while it revoked a token: its record is deleted, and a child that was created at the same time has a record. The
    /// audit must revoke the child too. Otherwise the child would work without its parent until the next audit.
    /// </summary>
    [Theory, EveryMode]
    public async Task Descendants_of_a_token_without_a_record_are_revoked(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var stores = new InconsistentStores(operations);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var lost = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("lost", session.Scopes, Expires: null));
        var notebook = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(lost));
        var caller = await operations.Tokens.CallerAsync(notebook);
        var nested = await operations.Tokens.GetInternalTokenAsync(caller, "a", ScopeSet.Of("read:all"));
        var lostToo = await operations.Tokens.GetInternalTokenAsync(caller, "b", ScopeSet.Of("read:all"));
        foreach (var token in (Token[])[lost, lostToo])
            await stores.DeleteRecordAsync(token);

        (await operations.Audit.RunAsync(fix: true).Select(finding => finding.Text).ToListAsync()).ShouldBe(
            [
                $"Token `{lost.Key}` for `some-user` found in database but not Redis (fixed)",
                $"Token `{lostToo.Key}` for `some-user` found in database but not Redis (fixed)",
                $"Token `{notebook.Key}` for `some-user` expires after its parent token (fixed)",
                $"Token `{nested.Key}` for `some-user` expires after its parent token (fixed)",
            ],
            ignoreOrder: true);
        (await operations.Tokens.GetDataAsync(notebook)).ShouldBeNull();
        (await operations.Tokens.GetDataAsync(nested)).ShouldBeNull();
        (await operations.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(4);
    }
}
