using System.Data.Common;
using System.Net;
using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>
/// Contains the differences between PostgreSQL and SQLite: the conversion of values, and the clauses that only one of them supports. All
/// statements are written once for both.
/// </summary>
internal abstract class Dialect
{
    /// <summary>Locks the rows of <c>token</c> against all other changes; empty if a transaction locks the whole database.</summary>
    public abstract SqlFragment ForUpdateOfToken { get; }

    /// <summary>Locks rows like <see cref="ForUpdateOfToken"/>, but skips rows that other transactions have locked.</summary>
    public abstract SqlFragment ForUpdateSkipLocked { get; }

    /// <summary>Locks a row of <c>token t</c> in shared mode, which prevents changes and removal of the row.</summary>
    public abstract SqlFragment ForShareOfToken { get; }

    /// <summary>
    /// Joins <c>subtoken s</c>, the children of <c>tree d</c>, so that each parent is looked up in the index. The planner must not choose a
    /// join that reads the whole table, because the join is repeated for each generation, and there may be thousands of generations.
    /// </summary>
    public abstract SqlFragment JoinChildrenOfTree { get; }

    /// <summary>Returns the number of tokens that one transaction may change without a noticeable delay for other writers.</summary>
    public abstract int BatchSize { get; }

    /// <summary>
    /// True if transactions of the same user wait for each other only if they acquire an advisory lock; false if all writing transactions
    /// wait for each other.
    /// </summary>
    public abstract bool LocksUsers { get; }

    /// <summary>Returns true if the database keeps statistics about the number of rows in a range.</summary>
    public abstract bool HasStatistics { get; }

    /// <summary>Returns true if a parameter can be an array of values.</summary>
    public abstract bool SupportsArrayParameters { get; }

    public abstract object? Time(DateTimeOffset? value);

    public abstract DateTimeOffset ReadTime(DbDataReader reader, int column);

    public abstract IPAddress ReadAddress(DbDataReader reader, int column);

    public abstract void Append(SqlStatement sql, TokenType value);

    public abstract void Append(SqlStatement sql, ChangeAction value);

    public abstract void Append(SqlStatement sql, IPAddress? value);

    /// <summary>Appends an array of values, if <see cref="SupportsArrayParameters"/> is true.</summary>
    public abstract void Append(SqlStatement sql, SqlArrayParameter values);

    /// <summary>Appends the condition that a column contains one of the keys.</summary>
    public abstract void Append(SqlStatement sql, SqlIn condition);

    /// <summary>Appends keys as a table.</summary>
    public abstract void Append(SqlStatement sql, SqlOrderedKeys keys);

    /// <summary>Appends the condition that a column contains an address of a block.</summary>
    public abstract void Append(SqlStatement sql, SqlInNetwork condition);
}
