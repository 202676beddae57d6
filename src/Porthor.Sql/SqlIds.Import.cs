using Porthor.Identity;
using Porthor.Users;

namespace Porthor.Sql;

/// <param name="Added">How many were not known before.</param>
/// <param name="Conflicts">What contradicts what is known, a sentence each. If there are any, nothing was written.</param>
public sealed record ImportedIds(int Added, IReadOnlyList<string> Conflicts);

// Taking over the numbers of another service, all or none of them.
public sealed partial class SqlIds
{
    private const int BatchSize = 500;

    private static readonly TimeSpan ImportTimeLimit = TimeSpan.FromMinutes(5);

    /// <summary>Writes what is not known yet. What is known and the same is no conflict, so that it may be done again.</summary>
    /// <param name="progress">Told how many have been written.</param>
    public async Task<ImportedIds> ImportAsync(IdImport import, IProgress<long> progress, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(ImportTimeLimit, cancellationToken);
        // Nobody is given a number meanwhile.
        await session.ExecuteAsync([.. IdRange.All.Select(range => Raise(range, by: 0))], cancellationToken);
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
                conflicts.Add($"{entry.Id} is the number of {KindOf(entry.Kind)} {other.Name}, not of {entry.Name}");
            }
            else
            {
                added.Add(entry);
            }
        }
        if (conflicts.Count > 0)
            return new ImportedIds(0, conflicts);
        await WriteAsync(session, added, progress, cancellationToken);
        await session.CommitAsync([.. import.Counters.Select(counter => RaiseTo(counter.Key, counter.Value))], cancellationToken);
        return new ImportedIds(added.Count, conflicts);
    }

    private async Task WriteAsync(SqlSession session, List<IdEntry> entries, IProgress<long> progress, CancellationToken cancellationToken)
    {
        var written = 0L;
        foreach (var batch in entries.Chunk(BatchSize))
        {
            await session.ExecuteAsync(
                [.. batch.Select(entry => database.Sql($"INSERT INTO porthor_id (kind, name, id) VALUES ({KindOf(entry.Kind)}, {entry.Name}, {entry.Id})"))],
                cancellationToken);
            progress.Report(written += batch.Length);
        }
    }

    private SqlStatement RaiseTo(string counter, long next) => database.Sql(
        $"UPDATE porthor_id SET id = {next} WHERE kind = {CounterKind} AND name = {counter} AND id < {next}");
}
