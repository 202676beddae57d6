using Porthor.Audit;
using Porthor.Secrets;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Audit;

/// <summary>
/// Tests the audit findings of inconsistencies between the stores, and their repair. AUD-001 to AUD-008, deviations 16, 28.
/// </summary>
public sealed partial class AuditTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task Every_inconsistency_is_reported_and_repaired_if_possible(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var stores = new InconsistentStores(operations);
        var session = await operations.Tokens.SessionForAsync("some-user", "user:token,read:all,exec:notebook");
        async Task<Token> CreateAsync(string name) =>
            await operations.Tokens.CreateUserTokenAsync(
                session, "some-user", new UserTokenRequest(name, ScopeSet.Of("read:all"), operations.Now.AddDays(30)));

        // AUD-001: a row without a record. A second such row has expired and is not a finding.
        var listed = await CreateAsync("listed");
        await stores.DeleteRecordAsync(listed);
        var expired = await CreateAsync("expired");
        await stores.DeleteRecordAsync(expired);
        await stores.ChangeRowAsync(expired, row => row with { Expires = operations.Now });
        // AUD-002: a record without a row.
        var unlisted = await CreateAsync("unlisted");
        await stores.DeleteRowAsync(unlisted);
        // AUD-003: a record and a row that differ.
        var different = await CreateAsync("different");
        await stores.ChangeRecordAsync(
            different, record => record with { Scopes = ScopeSet.Of("user:token"), Created = record.Created.AddSeconds(5) });
        // AUD-004, AUD-005: a child that expires after its parent, and a child without a parent.
        var parent = await CreateAsync("parent");
        var expiresTooLate = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(parent));
        var end = operations.Now.AddDays(31);
        await stores.ChangeRowAsync(expiresTooLate, row => row with { Expires = end });
        await stores.ChangeRecordAsync(expiresTooLate, record => record with { Expires = end });
        var lost = await CreateAsync("lost");
        var withoutParent = await operations.Tokens.GetNotebookTokenAsync(await operations.Tokens.CallerAsync(lost));
        await stores.DeleteRowAsync(lost);
        await stores.DeleteRecordAsync(lost);
        // AUD-006: an unknown scope.
        var unknown = await CreateAsync("unknown");
        await stores.ChangeRowAsync(unknown, row => row with { Scopes = ScopeSet.Of("bogus:scope", "read:all") });
        await stores.ChangeRecordAsync(unknown, record => record with { Scopes = ScopeSet.Of("bogus:scope", "read:all") });
        // AUD-007: an invalid record, one without a row and one with a row.
        var (malformed, damaged) = (Token.Create(), await CreateAsync("spoilt"));
        await stores.PutAsync(malformed.Key, "not a record"u8.ToArray());
        await stores.PutAsync(damaged.Key, "neither"u8.ToArray());

        string[] expected =
        [
            $"Token `{listed.Key}` for `some-user` found in database but not Redis",
            $"Token `{damaged.Key}` for `some-user` found in database but not Redis",
            $"Token `{unlisted.Key}` for `some-user` found in Redis but not database",
            $"Token `{different.Key}` for `some-user` does not match between database and Redis (scopes, created)",
            $"Token `{expiresTooLate.Key}` for `some-user` expires after its parent token",
            $"Token `{withoutParent.Key}` for `some-user` has no parent token",
            $"Token `{unknown.Key}` for `some-user` has unknown scope (`bogus:scope`)",
            $"Token `{malformed.Key}` in Redis is malformed",
            $"Token `{damaged.Key}` in Redis is malformed",
        ];
        // AUD-008: an audit without repair changes nothing.
        (await RunAsync(fix: false)).ShouldBe(expected, ignoreOrder: true);
        (await RunAsync(fix: false)).ShouldBe(expected, ignoreOrder: true);
        operations.Logs.Lines.ShouldNotContain(line => line.Message == "Cannot retrieve token");
        operations.Logs.Lines.Last(line => line.Message == "Token does not match between database and Redis").Fields["mismatches"]
            .ShouldBe((string[])["scopes", "created"]);

        // The audit repairs every finding that has a unique correct state. The child that expires after its parent is a deviation (28).
        (await RunAsync(fix: true)).ShouldBe(
            [.. expected.Select(text => text.Contains("does not match", StringComparison.Ordinal)
                ? text.Replace("(scopes,", "(scopes [fixed],", StringComparison.Ordinal)
                : text.Contains("unknown scope", StringComparison.Ordinal)
                || text.Contains("has no parent", StringComparison.Ordinal) ? text
                : text + " (fixed)")],
            ignoreOrder: true);
        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(3);
        (await RunAsync(fix: false)).ShouldBe(
            [expected[3].Replace("scopes, ", "", StringComparison.Ordinal), expected[5], expected[6]], ignoreOrder: true);

        // The repaired values are the correct ones.
        (await operations.RowAsync(different)).Scopes.Text.ShouldBe("user:token");
        foreach (var token in (Token[])[unlisted, malformed, damaged, listed])
        {
            (await operations.Tokens.GetDataAsync(token)).ShouldBeNull();
            (await operations.Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldBeNull();
        }
        (await operations.Tokens.GetDataAsync(expiresTooLate))!.Expires.ShouldBe((await operations.RowAsync(parent)).Expires);
        (await operations.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();

        async Task<List<string>> RunAsync(bool fix) => await operations.Audit.RunAsync(fix).Select(finding => finding.Text).ToListAsync();
    }

    /// <summary>With the wrong session secret all records are unreadable. The audit must not delete them.</summary>
    [Theory, EveryMode]
    public async Task An_audit_with_the_wrong_key_repairs_nothing(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user");
        var original = operations.Deployment.Settings;
        operations.Deployment.Settings = original with { SessionKeys = [FernetKey.Create()] };
        var withWrongKey = await operations.OpenAnotherAsync();

        var exception = await Should.ThrowAsync<AuditException>(async () => await withWrongKey.Audit.RunAsync(fix: true).ToListAsync());
        exception.Message.ShouldBe(
            "Cannot read any record with the configured session secret. Nothing was repaired. Check the session secret.");
        // The findings are reported.
        (await withWrongKey.Audit.RunAsync(fix: false).ToListAsync()).Count.ShouldBe(2);
        (await operations.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();
        (await operations.RowAsync(session.Record.Token)).Expires.ShouldBe(session.Record.Expires);

        // One readable record proves that the key is correct: the other records are damaged.
        operations.Deployment.Settings = original with { SessionKeys = [FernetKey.Create(), .. original.SessionKeys] };
        (await (await operations.OpenAnotherAsync()).Audit.RunAsync(fix: true).ToListAsync()).ShouldBeEmpty();
    }

    /// <summary>Tests more findings than a batch contains. Each finding is reported once.</summary>
    [Theory, EveryMode]
    public async Task Many_findings_are_each_reported_once_and_repaired(Mode mode)
    {
        const int count = 1100;
        await using var operations = await Operations.StartAsync(mode);
        var stores = new InconsistentStores(operations);
        TokenKey[] lost = [.. Enumerable.Range(0, count).Select(_ => Token.Create().Key)];
        Token[] unlisted = [.. Enumerable.Range(0, count).Select(_ => Token.Create())];
        await stores.AddRowsAsync(lost);
        await stores.AddRecordsAsync(unlisted);
        string[] expected =
        [
            .. lost.Select(key => $"Token `{key}` for `some-user` found in database but not Redis"),
            .. unlisted.Select(token => $"Token `{token.Key}` for `some-user` found in Redis but not database"),
        ];

        (await operations.Audit.RunAsync(fix: false).Select(finding => finding.Text).ToListAsync()).Order().ShouldBe(expected.Order());
        (await operations.Audit.RunAsync(fix: true).Select(finding => finding.Text).ToListAsync()).Order().ShouldBe(
            expected.Select(text => text + " (fixed)").Order());
        (await operations.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
        (await operations.Tokens.GetTokenInfoUncheckedAsync(lost[0])).ShouldNotBeNull().Expires.ShouldBe(operations.Now);
        (await operations.Tokens.GetDataAsync(unlisted[0])).ShouldBeNull();
        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(count);
    }

    /// <summary>
    /// The audit waits for a token that another transaction is changing, and reports it only if it is still inconsistent. Embedded mode is
    /// not tested, because SQLite has one writer at a time.
    /// </summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task The_audit_waits_for_a_token_that_another_transaction_is_changing(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var operations = await Operations.StartAsync(mode);
        TokenKey[] lost = [.. Enumerable.Range(0, 3).Select(_ => Token.Create().Key)];
        await new InconsistentStores(operations).AddRowsAsync(lost);
        await using var changing = await operations.Node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(10), Cancellation);
        foreach (var key in lost[..2])
            await changing.LockAsync(key, Cancellation);
        var audit = operations.Audit.RunAsync(fix: true).Select(finding => finding.Token).ToListAsync().AsTask();
        var postgres = await RealServers.Instance.PostgresAsync();
        await RealServers.WaitUntilAsync(
            async () => (await postgres.QueryAsync(
                operations.Deployment.DatabaseName!,
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
                .ShouldHaveSingleItem(),
            "an audit that waits");
        changing.Delete([lost[0]]);
        await changing.CommitAsync(Cancellation);
        (await audit).ShouldBe(lost[1..], ignoreOrder: true);
    }

    /// <summary>If there is no record, the audit can delete none, and it repairs rows as usual.</summary>
    [Theory, EveryMode]
    public async Task An_empty_record_store_does_not_indicate_a_wrong_key(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user");
        await operations.Node.RecordStore.DeleteAllAsync(Cancellation);
        (await operations.Audit.RunAsync(fix: true).SingleAsync()).Repaired.ShouldBeTrue();
        (await operations.RowAsync(session.Record.Token)).Expires.ShouldBe(operations.Now);
    }
}
