using System.Text;
using Porthor.Storage;

namespace Porthor.Sql;

/// <summary>Stores persistent settings of a deployment by name, in <c>porthor_setting</c>.</summary>
internal sealed class SqlSettings(SqlDatabase database) : ISettingStore, IQuotaOverrideStore
{
    private const string OverridesName = "quota-overrides";

    public async Task<string?> GetAsync(string name, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            database.Sql($"SELECT value FROM porthor_setting WHERE name = {name}"), row => row.Text(0), cancellationToken);
        return found.SingleOrDefault();
    }

    public Task SetAsync(string name, string value, CancellationToken cancellationToken) => ExecuteAsync(
        database.Sql(
            $"INSERT INTO porthor_setting (name, value) VALUES ({name}, {value}) ON CONFLICT (name) DO UPDATE SET value = excluded.value"),
        cancellationToken);

    public async Task<IReadOnlyDictionary<string, string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        // The statement may read the whole table, because there are few settings.
        var found = await database.QueryAsync(
            database.Sql($"SELECT name, value FROM porthor_setting WHERE name LIKE {prefix + "%"}"),
            row => KeyValuePair.Create(row.Text(0), row.Text(1)),
            cancellationToken);
        return found.ToDictionary();
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        ExecuteAsync(database.Sql($"DELETE FROM porthor_setting WHERE name = {name}"), cancellationToken);

    public async Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken) =>
        await GetAsync(OverridesName, cancellationToken) is { } json ? Encoding.UTF8.GetBytes(json) : null;

    public Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken) =>
        SetAsync(OverridesName, Encoding.UTF8.GetString(json), cancellationToken);

    public async Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken) =>
        await ExecuteAsync(database.Sql($"DELETE FROM porthor_setting WHERE name = {OverridesName}"), cancellationToken) > 0;

    private async Task<int> ExecuteAsync(SqlStatement statement, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(TimeSpan.FromSeconds(5), cancellationToken);
        var changed = await session.ExecuteAsync([statement], cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return changed[0];
    }
}
