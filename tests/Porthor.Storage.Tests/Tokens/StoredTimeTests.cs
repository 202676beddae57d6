using Porthor.Audit;
using Porthor.Secrets;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Tokens;

/// <summary>Stored times: reading, comparison and cleanup (deviations 44, 45, 46).</summary>
public sealed class StoredTimeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A stored time after the year 2603 is in seconds too.</summary>
    [Theory, EveryMode]
    public async Task A_token_can_expire_after_2603(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        foreach (var year in (int[])[2603, 2604, 2700, 9999])
        {
            var end = new DateTimeOffset(year, 12, 31, 23, 59, 59, TimeSpan.Zero);
            var request = new AdminTokenRequest
            {
                Username = "some-user",
                TokenType = TokenType.User,
                TokenName = $"far{year}",
                Scopes = ScopeSet.Of("read:all"),
                Expires = end,
            };
            var token = await operations.Tokens.CreateTokenFromAdminRequestAsync(request, operations.Administrator);
            (await operations.Tokens.GetDataAsync(token))!.Expires.ShouldBe(end);
            (await operations.RowAsync(token)).Expires.ShouldBe(end);
            // A node with an empty cache reads the same.
            if (mode != Mode.Embedded)
                (await (await operations.OpenAnotherAsync()).Tokens.GetDataAsync(token))!.Expires.ShouldBe(end);
            var caller = await operations.Tokens.CallerAsync(token);
            var child = await operations.Tokens.GetInternalTokenAsync(caller, "tap", ScopeSet.Of("read:all"), TimeSpan.FromMinutes(10));
            (await operations.Tokens.GetDataAsync(child))!.Expires.ShouldBe(operations.Now + operations.Lifetime);
            var notebook = await operations.Tokens.GetNotebookTokenAsync(caller);
            (await operations.Tokens.GetDataAsync(notebook)).ShouldNotBeNull();
            (await operations.Tokens.ModifyTokenAsync(
                token.Key, operations.Administrator, "some-user",
                new TokenEdit { Expires = end.AddDays(-1) }))!.Expires.ShouldBe(end.AddDays(-1));
        }
        (await operations.Audit.RunAsync(fix: false).ToListAsync(Cancellation)).ShouldBeEmpty();
        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(0);
    }

    /// <summary>Other software stores fractions of a second in rows.</summary>
    [Theory, EveryMode]
    public async Task The_audit_compares_and_logs_times_in_whole_seconds(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var end = operations.Now.AddDays(1);
        var session = await operations.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var parent = await operations.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("parent", ScopeSet.Of("read:all"), end));
        var child = await operations.Tokens.GetInternalTokenAsync(
            await operations.Tokens.CallerAsync(parent), "tap", ScopeSet.Of("read:all"));
        await UpdateAsync(row => row with { Expires = row.Expires!.Value.AddMilliseconds(250) }, parent.Key);
        await UpdateAsync(row => row with { Expires = row.Expires!.Value.AddMilliseconds(750) }, child.Key);
        (await operations.Audit.RunAsync(fix: false).ToListAsync(Cancellation)).ShouldBeEmpty();

        await UpdateAsync(row => row with { Expires = row.Expires!.Value.AddSeconds(-5) }, parent.Key);
        operations.Logs.Clear();
        (await operations.Audit.RunAsync(fix: false).ToListAsync(Cancellation)).Select(finding => finding.Kind).Order().ShouldBe(
            [AuditKind.Mismatch, AuditKind.OutlivesParent]);
        var line = operations.Logs.Lines.Single(line => line.Message == "Token expires after its parent");
        line.Fields["expires"].ShouldBe(end.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));
        line.Fields["parentExpires"].ShouldBe(
            end.AddSeconds(-5).ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));

        async Task UpdateAsync(Func<TokenInfo, TokenInfo> change, TokenKey key)
        {
            await using var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), Cancellation);
            transaction.Update(change((await transaction.LockAsync(key, Cancellation))!));
            await transaction.CommitAsync(Cancellation);
        }
    }

    /// <summary>The record store has no expiration for the record.</summary>
    [Theory, EveryMode]
    public async Task Maintenance_deletes_the_record_of_an_expired_row(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var node = operations.Node;
        var tree = await InsertedTree.CreateAsync(node, Shape.Deep, 1, operations.Now.AddMinutes(-1), withRecords: false);
        var codec = new RecordCodec(new Fernet(node.SessionKeys, node.Clock), node.Clock);
        await using (var transaction = await node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), Cancellation))
        {
            foreach (var token in (Token[])[tree.Root, .. tree.Descendants])
            {
                var record = new TokenRecord
                {
                    Token = token,
                    Username = InsertedTree.Username,
                    TokenType = TokenType.User,
                    Scopes = InsertedTree.Scopes,
                    Created = operations.Now,
                    UserData = new(),
                };
                (await node.RecordStore.Within(transaction).CreateAsync(token.Key, codec.Encrypt(record), expires: null, Cancellation))
                    .ShouldBeTrue();
            }
            await transaction.CommitAsync(Cancellation);
        }

        (await operations.Maintenance.ExpireTokensAsync()).ShouldBe(2);
        (await node.RecordStore.GetAsync([tree.Root.Key, tree.Descendants[0].Key], Cancellation)).ShouldBeEmpty();
        (await operations.Tokens.GetDataAsync(tree.Root)).ShouldBeNull();
    }
}
