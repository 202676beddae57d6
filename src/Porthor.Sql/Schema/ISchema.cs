namespace Porthor.Sql.Schema;

/// <summary>Identifies the state of the schema in the database.</summary>
public enum SchemaState
{
    /// <summary>There are no tables.</summary>
    Empty,

    /// <summary>
    /// The tables of the reference have another revision. <c>update-schema</c> can update it if the revision was released.
    /// </summary>
    Outdated,

    /// <summary>The tables of the reference are current, but Porthor's own tables are missing.</summary>
    LacksOwn,

    /// <summary>The tables of the reference are current, but Porthor's own tables have an older version.</summary>
    OwnOutdated,

    /// <summary>All tables are current.</summary>
    Current,
}

/// <summary>Creates, checks and updates the schema (contract/storage.md 2.4).</summary>
public interface ISchema
{
    /// <summary>Returns the state of the schema.</summary>
    /// <exception cref="SchemaException">The schema was created by a newer version of Porthor (SQLite only).</exception>
    Task<SchemaState> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Creates the tables that do not exist. Does not change a schema that is current.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Updates a released schema to the current one, or creates the schema.</summary>
    /// <exception cref="SchemaException">The schema has a revision that cannot be updated.</exception>
    Task UpdateAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Returns the users of the table <c>admin</c> of Gafaelfawr 15.4.1 and older, in their order; none if the schema does not have it. An
    /// update drops the table.
    /// </summary>
    Task<IReadOnlyList<string>> ReadAdministratorsAsync(CancellationToken cancellationToken);

    /// <summary>Deletes the rows of all tables except settings, IDs and versions.</summary>
    Task DeleteAllDataAsync(CancellationToken cancellationToken);

    /// <summary>Returns the SQL that creates the schema.</summary>
    string Generate();
}

/// <summary>Represents a schema that Porthor cannot use or update. The message is for the operator.</summary>
public sealed class SchemaException(string message, Exception? cause = null) : Exception(message, cause);
