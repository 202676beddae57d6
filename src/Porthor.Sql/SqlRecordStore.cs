using System.Runtime.CompilerServices;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>
/// Represents the record store in the database of the token index: records are rows of <c>porthor_record</c>, changed in the transactions
/// of the token index, so that both are always consistent.
/// </summary>
internal sealed class SqlRecordStore(SqlDatabase database, TimeSpan readTimeout) : ITokenRecordStore
{
    private const int BatchSize = 1000;
    private static readonly TimeSpan BatchTimeLimit = TimeSpan.FromSeconds(5);
    private const string PointRead = "SELECT record FROM porthor_record WHERE token = $1";

    public bool IsTransactional => true;

    public async ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken)
    {
        var record = await database.ReadPointAsync(PointRead, key.Value, readTimeout, cancellationToken);
        return record is { Length: > 0 } ? new EncryptedRecord(record) : null;
    }

    public async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        return await ReadAsync(session.QueryAsync, keys, cancellationToken);
    }

    public IRecordStoreSession Within(ITokenIndexTransaction transaction) => new Session(this, (SqlTransaction)transaction);

    public async IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = "";
        List<TokenKey> keys;
        do
        {
            keys = await database.QueryAsync(
                database.Sql($"SELECT token FROM porthor_record WHERE token > {after} ORDER BY token LIMIT {BatchSize}"),
                row => row.Key(0),
                cancellationToken);
            if (keys.Count == 0)
                yield break;
            yield return keys;
            after = keys[^1].Value;
        }
        while (keys.Count == BatchSize);
    }

    public async Task<int> ReplaceReencryptedAsync(IReadOnlyList<ReencryptedRecord> records, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(BatchTimeLimit, cancellationToken);
        var replaced = await session.ExecuteAsync(
            [
                .. records.Select(record => database.Sql(
                    $"""
                    UPDATE porthor_record SET record = {record.Replacement.Ciphertext}
                    WHERE token = {record.Key} AND record = {record.Expected.Ciphertext}
                    """)),
            ],
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return replaced.Sum();
    }

    public async Task<long> DeleteAllAsync(CancellationToken cancellationToken)
    {
        long total = 0;
        int deleted;
        do
        {
            await using var session = await database.BeginAsync(BatchTimeLimit, cancellationToken);
            var counts = await session.ExecuteAsync(
                [
                    database.Sql(
                        $"DELETE FROM porthor_record WHERE token IN (SELECT token FROM porthor_record ORDER BY token LIMIT {BatchSize})"),
                ],
                cancellationToken);
            await session.CommitAsync([], cancellationToken);
            total += deleted = counts[0];
        }
        while (deleted == BatchSize);
        return total;
    }

    public async Task CheckAsync(CancellationToken cancellationToken) => await GetAsync(new TokenKey(""), known: null, cancellationToken);

    private delegate Task<List<T>> Query<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken);

    private async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(
        Query<KeyValuePair<TokenKey, EncryptedRecord>> query, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        new Dictionary<TokenKey, EncryptedRecord>(await query(
            database.Sql($"SELECT token, record FROM porthor_record WHERE {new SqlIn(TokenRows.TokenColumn, keys)}"),
            row => new(row.Key(0), new EncryptedRecord(row.Bytes(1))),
            cancellationToken));

    /// <summary>Reads and writes in a transaction of the token index. The writes are sent with its commit.</summary>
    private sealed class Session(SqlRecordStore recordStore, SqlTransaction transaction) : IRecordStoreSession
    {
        public Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(
            IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            recordStore.ReadAsync(transaction.QueryAsync, keys, cancellationToken);

        public Task<bool> CreateAsync(TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken)
        {
            // If the key already has a record, the transaction fails with a violation of the primary key.
            transaction.AddStatement(recordStore.InsertRecord(key, record, expires));
            return Task.FromResult(true);
        }

        public async Task<IReadOnlyList<TokenKey>> ReplaceAsync(
            IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken)
        {
            var replaced = await transaction.ExecuteAsync([.. records.Select(recordStore.ReplaceRecord)], cancellationToken);
            return [.. records.Zip(replaced).Where(one => one.Second != 1).Select(one => one.First.Key)];
        }

        public Task DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken)
        {
            if (keys.Count > 0)
                transaction.AddStatement(recordStore.DeleteRecords(keys));
            return Task.CompletedTask;
        }
    }

    private SqlStatement InsertRecord(TokenKey key, EncryptedRecord record, DateTimeOffset? expires) =>
        database.Sql($"INSERT INTO porthor_record (token, record, expires) VALUES ({key}, {record.Ciphertext}, {expires})");

    private SqlStatement ReplaceRecord(RecordReplacement record) => database.Sql(
        $"""
        UPDATE porthor_record SET record = {record.Replacement.Ciphertext}, expires = {record.Expires}
        WHERE token = {record.Key} AND record = {record.Expected.Ciphertext}
        """);

    private SqlStatement DeleteRecords(IReadOnlyList<TokenKey> keys) =>
        database.Sql($"DELETE FROM porthor_record WHERE {new SqlIn(TokenRows.TokenColumn, keys)}");
}
