using Microsoft.Extensions.Logging;
using Porthor.Sql.Postgres;

namespace Porthor.Sql.Schema;

/// <summary>
/// Represents the schema in PostgreSQL: the tables of the reference at its latest revision, and Porthor's own tables with a version of
/// their own. Changes are made under an advisory lock, so that nodes that start at the same time do not interfere.
/// </summary>
internal sealed partial class PostgresSchema(PostgresDatabase database, ILogger<PostgresSchema> logger) : ISchema
{
    private const long LockId = 0x506F7274686F72; // "Porthor"

    private static readonly TimeSpan LockTimeLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(100);

    public async Task<SchemaState> CheckAsync(CancellationToken cancellationToken)
    {
        if (!await ExistsAsync("token", cancellationToken))
        {
            Log.NotInitialized(logger);
            return SchemaState.Empty;
        }
        var revisions = await RevisionsAsync(cancellationToken);
        if (revisions is not [SchemaScripts.Head])
        {
            Log.Mismatch(logger, string.Join(", ", revisions), SchemaScripts.Head, revisions, [SchemaScripts.Head]);
            return SchemaState.Outdated;
        }
        return await OwnVersionAsync(cancellationToken) switch
        {
            0 => SchemaState.LacksOwn,
            < SchemaScripts.OwnVersion => SchemaState.OwnOutdated,
            // A newer version only adds to the schema, so that a node of the previous version can continue to run during an update.
            _ => SchemaState.Current,
        };
    }

    public Task InitializeAsync(CancellationToken cancellationToken) => LockedAsync(
        async () =>
        {
            if (!await ExistsAsync("token", cancellationToken))
            {
                await database.RunScriptAsync(SchemaScripts.Read("Postgres/head.sql"), cancellationToken);
                await CreateIndexesAsync(cancellationToken);
                Log.Initialized(logger);
            }
            await AddOwnAsync(cancellationToken);
        },
        cancellationToken);

    public async Task UpdateAsync(CancellationToken cancellationToken)
    {
        if (!await ExistsAsync("token", cancellationToken))
        {
            await InitializeAsync(cancellationToken);
            return;
        }
        await LockedAsync(
            async () =>
            {
                await MigrateAsync(cancellationToken);
                await AddOwnAsync(cancellationToken);
                await CreateIndexesAsync(cancellationToken);
            },
            cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ReadAdministratorsAsync(CancellationToken cancellationToken) =>
        // If the revision is unknown, the update fails, and this error must be reported first.
        await RevisionsAsync(cancellationToken) is [var revision]
            && SchemaScripts.Revisions.Contains(revision)
            && await ExistsAsync("admin", cancellationToken)
            ? await database.QueryAsync(
                database.Sql($"SELECT username FROM admin ORDER BY username"), row => row.Text(0), cancellationToken)
            : [];

    public async Task DeleteAllDataAsync(CancellationToken cancellationToken) => await database.RunScriptAsync(
        """
        TRUNCATE token, subtoken, token_change_history, token_auth_history, oidc_client, porthor_record, porthor_revocation,
            porthor_once, porthor_counter
        """,
        cancellationToken);

    public string Generate() => Text();

    /// <summary>Returns the SQL that creates the schema.</summary>
    public static string Text() => string.Join(
        '\n', SchemaScripts.Read("Postgres/head.sql"), string.Join('\n', Enumerable.Range(1, SchemaScripts.OwnVersion).Select(OwnScript)),
        SchemaScripts.Read("Postgres/indexes.sql").Replace("CONCURRENTLY ", "", StringComparison.Ordinal));

    /// <summary>Runs the scripts from the recorded revision to the latest one, each in a transaction of its own.</summary>
    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        var revisions = await RevisionsAsync(cancellationToken);
        var at = revisions.Count == 1 ? SchemaScripts.Revisions.ToList().IndexOf(revisions[0]) : -1;
        if (at < 0)
        {
            throw new SchemaException(revisions.Count == 0
                ? "The database has tables but no recorded revision (alembic_version). " +
                  "If they are those of release 9.6.1, record revision 5c28ed7092c2 first."
                : $"Cannot update the schema from revision {string.Join(", ", revisions)} to {SchemaScripts.Head}: " +
                  "the revision is not known.");
        }
        foreach (var revision in SchemaScripts.Revisions.Skip(at + 1))
        {
            Log.Migrating(logger, revision);
            await database.RunScriptAsync(
                $"""
                BEGIN;
                {SchemaScripts.Read($"Postgres/to-{revision}.sql")}
                UPDATE alembic_version SET version_num = '{revision}';
                COMMIT;
                """,
                cancellationToken);
        }
    }

    private async Task AddOwnAsync(CancellationToken cancellationToken)
    {
        for (var version = await OwnVersionAsync(cancellationToken) + 1; version <= SchemaScripts.OwnVersion; version++)
            await database.RunScriptAsync($"BEGIN;\n{OwnScript(version)}\nCOMMIT;", cancellationToken);
    }

    /// <summary>
    /// Creates each index with a separate command, because <c>CREATE INDEX CONCURRENTLY</c> is not allowed in a transaction, and several
    /// commands that are sent together are an implicit transaction.
    /// </summary>
    private async Task CreateIndexesAsync(CancellationToken cancellationToken)
    {
        var script = SchemaScripts.Read("Postgres/indexes.sql");
        foreach (var index in script.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            await database.RunScriptAsync(index, cancellationToken);
    }

    /// <summary>
    /// Runs work that no other node runs at the same time. It tries repeatedly to acquire the lock instead of waiting for it. A session
    /// that waits for a lock holds a snapshot, and the creation of an index waits for all snapshots, so the two sessions would wait for
    /// each other.
    /// </summary>
    private async Task LockedAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        while (!await TryLockedAsync(work, cancellationToken))
            await Task.Delay(LockPause, cancellationToken);
    }

    /// <summary>
    /// Runs the work if no other node has the lock; otherwise returns false. The lock belongs to a transaction and not to a session,
    /// because a connection pooler can assign the session to another client. The transaction stays open and idle while the work runs on
    /// other connections.
    /// </summary>
    private async Task<bool> TryLockedAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(LockTimeLimit, cancellationToken);
        var locked = await session.QueryAsync(
            database.Sql($"SELECT pg_try_advisory_xact_lock({LockId})"), row => row.Flag(0), cancellationToken);
        if (!locked[0])
            return false;
        // This statement must follow the query: the portal of the query keeps a snapshot until the next statement, and the creation of an
        // index would wait for this snapshot.
        await session.ExecuteAsync([database.Sql($"SET LOCAL idle_in_transaction_session_timeout = 0")], cancellationToken);
        await work();
        await session.CommitAsync([], cancellationToken);
        return true;
    }

    private async Task<IReadOnlyList<string>> RevisionsAsync(CancellationToken cancellationToken) =>
        await ExistsAsync("alembic_version", cancellationToken)
            ? await database.QueryAsync(
                database.Sql($"SELECT version_num FROM alembic_version ORDER BY 1"), row => row.Text(0), cancellationToken)
            : [];

    private async Task<int> OwnVersionAsync(CancellationToken cancellationToken)
    {
        if (!await ExistsAsync("porthor_schema", cancellationToken))
            return 0;
        var versions = await database.QueryAsync(
            database.Sql($"SELECT coalesce(max(version), 0)::bigint FROM porthor_schema"), row => row.Number(0), cancellationToken);
        return (int)versions[0];
    }

    private async Task<bool> ExistsAsync(string table, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            database.Sql($"SELECT to_regclass({table}) IS NOT NULL"), row => row.Flag(0), cancellationToken);
        return found[0];
    }

    private static string OwnScript(int version) =>
        $"""
        CREATE TABLE IF NOT EXISTS porthor_schema (version integer PRIMARY KEY, applied timestamp without time zone NOT NULL);
        {SchemaScripts.Own("Postgres", version)}
        INSERT INTO porthor_schema (version, applied) VALUES ({version}, now() AT TIME ZONE 'UTC');
        """;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Database appears not to be initialized")]
        public static partial void NotInitialized(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "Schema mismatch: {Current} != {Expected}")]
        public static partial void Mismatch(
            ILogger logger, string current, string expected, IReadOnlyList<string> currentSchema, IReadOnlyList<string> expectedSchema);

        [LoggerMessage(Level = LogLevel.Information, Message = "initialized database schema")]
        public static partial void Initialized(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Updating the database schema to revision {Revision}")]
        public static partial void Migrating(ILogger logger, string revision);
    }
}
