using System.Globalization;
using Porthor.Sql.Sqlite;

namespace Porthor.Sql.Schema;

/// <summary>Represents the schema in SQLite. All tables belong to Porthor, and the header of the file contains their version.</summary>
internal sealed class SqliteSchema(SqliteDatabase database) : ISchema
{
    public async Task<SchemaState> CheckAsync(CancellationToken cancellationToken) => await VersionAsync(cancellationToken) switch
    {
        0 => SchemaState.Empty,
        SchemaScripts.OwnVersion => SchemaState.Current,
        < SchemaScripts.OwnVersion => SchemaState.OwnOutdated,
        var newer => throw new SchemaException(
            $"The database was created by a newer version of Porthor (schema {newer}). " +
            $"This version supports schema {SchemaScripts.OwnVersion}."),
    };

    /// <summary>Creates or updates the schema. If several processes start at the same time, one creates it and the others use it.</summary>
    public Task InitializeAsync(CancellationToken cancellationToken) => database.RunScriptsAsync(Missing, cancellationToken);

    public Task UpdateAsync(CancellationToken cancellationToken) => InitializeAsync(cancellationToken);

    public Task<IReadOnlyList<string>> ReadAdministratorsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task DeleteAllDataAsync(CancellationToken cancellationToken) => database.RunScriptAsync(
        """
        DELETE FROM subtoken; DELETE FROM token; DELETE FROM token_change_history; DELETE FROM token_auth_history;
        DELETE FROM oidc_client; DELETE FROM porthor_record; DELETE FROM porthor_revocation; DELETE FROM porthor_once;
        """,
        cancellationToken);

    public string Generate() => Text();

    /// <summary>Returns the SQL that creates the schema.</summary>
    public static string Text() => string.Join('\n', Enumerable.Range(1, SchemaScripts.OwnVersion).Select(version => Script(version)));

    private static IEnumerable<string> Missing(long version)
    {
        for (var next = version + 1; next <= SchemaScripts.OwnVersion; next++)
            yield return Script(next);
    }

    private async Task<long> VersionAsync(CancellationToken cancellationToken)
    {
        var versions = await database.QueryAsync(database.Sql($"PRAGMA user_version"), row => row.Number(0), cancellationToken);
        return versions[0];
    }

    private static string Script(long version) =>
        string.Create(CultureInfo.InvariantCulture, $"{SchemaScripts.Own("Sqlite", (int)version)}\nPRAGMA user_version = {version};\n");
}
