using Porthor.Identity;
using Porthor.Users;

namespace Porthor.Sql;

/// <summary>Represents the result of an import of IDs.</summary>
/// <param name="Added">The number of new IDs.</param>
/// <param name="Conflicts">The conflicts with existing IDs, one sentence each. If there is a conflict, no ID was imported.</param>
public sealed record ImportedIds(int Added, IReadOnlyList<string> Conflicts);

// Imports IDs that other software has assigned: either all of them or none.
public sealed partial class SqlIds
{
    private const int BatchSize = 500;

    private static readonly TimeSpan ImportTimeLimit = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Imports the IDs that do not exist yet. An ID that already exists with the same name is not a conflict, so an import can be repeated.
    /// </summary>
    /// <param name="import">The IDs.</param>
    /// <param name="progress">Receives the number of imported IDs.</param>
    /// <param name="cancellationToken">Cancels the import.</param>
    /// <exception cref="StoreUnavailableException">The database did not respond.</exception>
    public async Task<ImportedIds> ImportAsync(IdImport import, IProgress<long> progress, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(ImportTimeLimit, cancellationToken);
        // Locks the counters, so that no ID is assigned during the import.
        await session.ExecuteAsync([.. IdRange.All.Select(range => Increase(range, by: 0))], cancellationToken);
        var known = await session.QueryAsync(
            database.Sql($"SELECT kind, name, id FROM porthor_id WHERE kind <> {CounterKind}"),
            row => new IdEntry(row.Text(0) == KindOf(IdKind.User) ? IdKind.User : IdKind.Group, row.Text(1), row.Number(2)),
            cancellationToken);
        var byName = known.ToDictionary(entry => (entry.Kind, entry.Name));
        var byId = known.ToDictionary(entry => (entry.Kind, entry.Id));
        List<IdEntry> added = [];
        List<string> conflicts = [];
        foreach (var entry in import.Entries)
        {
            if (byName.TryGetValue((entry.Kind, entry.Name), out var same))
            {
                if (same.Id != entry.Id)
                    conflicts.Add($"{KindOf(entry.Kind)} {entry.Name} has {same.Id}, not {entry.Id}");
            }
            else if (byId.TryGetValue((entry.Kind, entry.Id), out var other))
            {
                conflicts.Add($"{entry.Id} belongs to {KindOf(entry.Kind)} {other.Name}, not to {entry.Name}");
            }
            else
            {
                added.Add(entry);
            }
        }
        if (conflicts.Count > 0)
            return new ImportedIds(0, conflicts);
        await WriteAsync(session, added, progress, cancellationToken);
        await session.CommitAsync([.. import.Counters.Select(counter => IncreaseTo(counter.Key, counter.Value))], cancellationToken);
        return new ImportedIds(added.Count, conflicts);
    }

    private async Task WriteAsync(SqlSession session, List<IdEntry> entries, IProgress<long> progress, CancellationToken cancellationToken)
    {
        var written = 0L;
        foreach (var batch in entries.Chunk(BatchSize))
        {
            await session.ExecuteAsync(
                [
                    .. batch.Select(entry => database.Sql(
                        $"INSERT INTO porthor_id (kind, name, id) VALUES ({KindOf(entry.Kind)}, {entry.Name}, {entry.Id})")),
                ],
                cancellationToken);
            progress.Report(written += batch.Length);
        }
    }

    private SqlStatement IncreaseTo(string counter, long next) => database.Sql(
        $"UPDATE porthor_id SET id = {next} WHERE kind = {CounterKind} AND name = {counter} AND id < {next}");
}
