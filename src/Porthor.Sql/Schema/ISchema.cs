namespace Porthor.Sql.Schema;

/// <summary>What the database's schema is, compared with what we need.</summary>
public enum SchemaState
{
    /// <summary>There are no tables.</summary>
    Empty,

    /// <summary>The reference's tables are at another revision; <c>update-schema</c> knows the way if it was a released one.</summary>
    Outdated,

    /// <summary>The reference's tables are current, but Porthor's own are missing.</summary>
    LacksOwn,

    /// <summary>The reference's tables are current, but Porthor's own are of an older version.</summary>
    OwnOutdated,

    Current,
}

/// <summary>Makes, checks and updates the schema (contract/storage.md 2.4).</summary>
public interface ISchema
{
    Task<SchemaState> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Makes what does not exist. Does nothing to a schema that is current.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Brings a released schema to the current one, or makes it.</summary>
    /// <exception cref="SchemaException">It is at a revision that has no way to the current one.</exception>
    Task UpdateAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Returns the users of the table <c>admin</c> of Gafaelfawr 15.4.1 and older, in their order; none if the schema does not have it. An
    /// update drops the table.
    /// </summary>
    Task<IReadOnlyList<string>> ReadAdministratorsAsync(CancellationToken cancellationToken);

    /// <summary>Empties all tables but the settings, the ids and the versions.</summary>
    Task DeleteAllDataAsync(CancellationToken cancellationToken);

    /// <summary>The SQL that makes the schema.</summary>
    string Generate();
}

/// <summary>The schema is not what it must be. The text is for the operator.</summary>
public sealed class SchemaException(string message, Exception? cause = null) : Exception(message, cause);
