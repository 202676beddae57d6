using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Maintenance;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.StoreContracts;

/// <summary>The re-encryption of records during a rotation of the session secret.</summary>
public sealed class ReencryptionTests
{
    private static readonly FernetKey Old = FernetKey.Create();
    private static readonly FernetKey New = FernetKey.Create();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task An_interrupted_reencryption_can_be_repeated_until_all_records_use_the_first_key(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var before = await OpenAsync(deployment, Old);
        List<Token> tokens = [];
        for (var i = 0; i < 450; i++)
            tokens.Add((await before.Tokens.SessionForAsync($"user{i}")).Record.Token);

        // Interrupted after some batches.
        var node = await OpenAsync(deployment, New, Old);
        using (var interruption = new CancellationTokenSource())
        {
            var progress = new Immediate<ReencryptionProgress>(at =>
            {
                if (at.Reencrypted >= 200)
                    interruption.Cancel();
            });
            await Should.ThrowAsync<OperationCanceledException>(node.Reencryption.RunAsync(progress, interruption.Token));
        }

        var rest = await node.Reencryption.RunAsync(cancellationToken: Cancellation);
        rest.Complete.ShouldBeTrue();
        rest.Records.ShouldBe(450);
        rest.Reencrypted.ShouldBeInRange(1, 250);
        (await node.Reencryption.RunAsync(cancellationToken: Cancellation)).ShouldBe(new ReencryptionResult(450, 0, 0, Complete: true));

        // The new key alone decrypts all records, the old key none, and the content is unchanged.
        var after = await OpenAsync(deployment, New);
        foreach (var (token, i) in tokens.Select((token, i) => (token, i)))
            (await after.Tokens.GetDataAsync(token, Cancellation))!.Username.ShouldBe($"user{i}");
        (await before.Tokens.GetDataAsync(tokens[0], Cancellation)).ShouldBeNull();
        (await after.Audit.RunAsync(fix: false, cancellationToken: Cancellation).ToListAsync(Cancellation)).ShouldBeEmpty();
    }

    /// <summary>Revocations, edits and creations during the re-encryption keep their effect.</summary>
    [Theory, EveryMode]
    public async Task Changes_during_the_reencryption_are_kept(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var before = await OpenAsync(deployment, Old);
        var administrator = TokenBuilders.Administrator(TimeProvider.System);
        List<Token> tokens = [];
        for (var i = 0; i < 300; i++)
        {
            tokens.Add(await before.Tokens.CreateTokenFromAdminRequestAsync(
                new AdminTokenRequest
                {
                    Username = "ann",
                    TokenType = TokenType.User,
                    TokenName = $"{i}",
                    Scopes = ScopeSet.Parse("read:all,read:some")
                }, administrator, Cancellation));
        }

        var node = await OpenAsync(deployment, New, Old);
        var other = await OpenAsync(deployment, New, Old);
        var reencryption = node.Reencryption.RunAsync(cancellationToken: Cancellation);
        for (var i = 0; i < 100; i++)
        {
            (await other.Tokens.DeleteTokenAsync(tokens[3 * i].Key, administrator, "ann", Cancellation)).ShouldBeTrue();
            (await other.Tokens.ModifyTokenAsync(
                tokens[(3 * i) + 1].Key, administrator, "ann", new TokenEdit { Scopes = ScopeSet.Of("read:all") }, Cancellation))
                .ShouldNotBeNull();
        }
        (await reencryption).Complete.ShouldBeTrue();

        var after = await OpenAsync(deployment, New);
        for (var i = 0; i < 100; i++)
        {
            (await after.Tokens.GetDataAsync(tokens[3 * i], Cancellation)).ShouldBeNull();
            (await after.Tokens.GetDataAsync(tokens[(3 * i) + 1], Cancellation))!.Scopes.ShouldBe(ScopeSet.Of("read:all"));
            (await after.Tokens.GetDataAsync(tokens[(3 * i) + 2], Cancellation))!.Scopes.ShouldBe(ScopeSet.Parse("read:all,read:some"));
        }
        (await after.Audit.RunAsync(fix: false, cancellationToken: Cancellation).ToListAsync(Cancellation)).ShouldBeEmpty();
    }

    [Theory, EveryMode]
    public async Task A_record_that_no_key_decrypts_is_counted_and_unchanged(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var other = await OpenAsync(deployment, FernetKey.Create());
        var token = (await other.Tokens.SessionForAsync("other")).Record.Token;
        var node = await OpenAsync(deployment, New, Old);
        (await node.Reencryption.RunAsync(cancellationToken: Cancellation)).ShouldBe(new ReencryptionResult(1, 0, 1, Complete: true));
        (await other.Tokens.GetDataAsync(token, Cancellation)).ShouldNotBeNull();
    }

    /// <summary>A node that still encrypts with the old key would create such records again and again.</summary>
    [Fact]
    public async Task The_result_is_incomplete_if_another_node_still_uses_the_old_key()
    {
        var reencryption = new RecordReencryption(
            new OldKeyRecordStore(new Fernet([Old], TimeProvider.System)),
            new Fernet([New, Old], TimeProvider.System),
            NullLogger<RecordReencryption>.Instance);
        (await reencryption.RunAsync(progress: null, Cancellation)).Complete.ShouldBeFalse();
    }

    private static Task<PorthorDeployment> OpenAsync(Deployment deployment, params FernetKey[] keys)
    {
        deployment.Settings = deployment.Settings with { SessionKeys = keys };
        return deployment.OpenNodeAsync();
    }

    private sealed class Immediate<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }

    /// <summary>A record store in which another node replaces each re-encrypted record with one under the old key.</summary>
    private sealed class OldKeyRecordStore(Fernet old) : ITokenRecordStore
    {
        private readonly TokenKey key = Token.Create().Key;

        public bool IsTransactional => false;

        public ValueTask<EncryptedRecord?> GetAsync(TokenKey wanted, EncryptedRecord? known, CancellationToken cancellationToken) =>
            new(new EncryptedRecord(old.Encrypt("{}"u8)));

        public async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(
            IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            new Dictionary<TokenKey, EncryptedRecord> { [key] = (await GetAsync(key, known: null, cancellationToken))!.Value };

        public Task<int> ReplaceReencryptedAsync(
            IReadOnlyList<ReencryptedRecord> records, CancellationToken cancellationToken) =>
            Task.FromResult(records.Count);

        public IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync(CancellationToken cancellationToken) =>
            new[] { (IReadOnlyList<TokenKey>)[key] }.ToAsyncEnumerable();

        public IRecordStoreSession Within(ITokenIndexTransaction transaction) => throw new NotSupportedException();

        public Task<long> DeleteAllAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task CheckAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
