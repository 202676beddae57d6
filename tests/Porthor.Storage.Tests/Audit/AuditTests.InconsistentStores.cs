using Porthor.Secrets;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Audit;

public sealed partial class AuditTests
{
    /// <summary>Makes inconsistent changes directly in the stores.</summary>
    private sealed class InconsistentStores(Operations operations)
    {
        private readonly RecordCodec codec = new(
            new Fernet(operations.Deployment.Settings.SessionKeys, operations.Clock), operations.Clock);

        public Task DeleteRecordAsync(Token token) => ChangeAsync((_, recordStore) => recordStore.DeleteAsync([token.Key], Cancellation));

        public Task DeleteRowAsync(Token token) => ChangeAsync((tokenIndex, _) =>
        {
            tokenIndex.Delete([token.Key]);
            return Task.CompletedTask;
        });

        public async Task ChangeRowAsync(Token token, Func<TokenInfo, TokenInfo> change)
        {
            var row = change(await operations.RowAsync(token));
            await ChangeAsync((tokenIndex, _) =>
            {
                tokenIndex.Update(row);
                return Task.CompletedTask;
            });
        }

        public async Task ChangeRecordAsync(Token token, Func<TokenRecord, TokenRecord> change) =>
            await PutAsync(token.Key, codec.Encrypt(change((await operations.Tokens.GetDataAsync(token))!)).Ciphertext);

        public async Task PutAsync(TokenKey key, byte[] value)
        {
            await ChangeAsync((_, recordStore) => recordStore.DeleteAsync([key], Cancellation));
            await ChangeAsync((_, recordStore) => recordStore.CreateAsync(key, new EncryptedRecord(value), expires: null, Cancellation));
        }

        public Task AddRowsAsync(IEnumerable<TokenKey> keys) => ChangeAsync((tokenIndex, _) =>
        {
            foreach (var key in keys)
                tokenIndex.Insert(new TokenInfo
                {
                    Token = key,
                    Username = "some-user",
                    TokenType = TokenType.Session,
                    Scopes = ScopeSet.Empty,
                    Created = operations.Now
                });
            return Task.CompletedTask;
        });

        public Task AddRecordsAsync(IEnumerable<Token> tokens) => ChangeAsync(async (_, recordStore) =>
        {
            foreach (var token in tokens)
            {
                var record = new TokenRecord
                {
                    Token = token,
                    Username = "some-user",
                    TokenType = TokenType.Session,
                    Scopes = ScopeSet.Empty,
                    Created = operations.Now
                };
                await recordStore.CreateAsync(token.Key, codec.Encrypt(record), expires: null, Cancellation);
            }
        });

        private async Task ChangeAsync(Func<ITokenIndexTransaction, IRecordStoreSession, Task> change)
        {
            await using var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), Cancellation);
            await change(transaction, operations.Node.RecordStore.Within(transaction));
            await transaction.CommitAsync(Cancellation);
        }
    }
}
