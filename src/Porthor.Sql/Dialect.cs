using System.Data.Common;
using System.Net;
using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Sql;

/// <summary>
/// Where PostgreSQL and SQLite differ: how a value is sent and read, and the few clauses that only one of them has. The
/// statements themselves are written once.
/// </summary>
internal abstract class Dialect
{
    /// <summary>Locks the rows of <c>token</c> against every other change; empty where a transaction locks everything.</summary>
    public abstract SqlFragment ForUpdateOfToken { get; }

    /// <summary>As <see cref="ForUpdateOfToken"/>, passing over rows that others have locked.</summary>
    public abstract SqlFragment ForUpdateSkipLocked { get; }

    /// <summary>A shared lock on a row of <c>token t</c>, which prevents changes and removal of the row.</summary>
    public abstract SqlFragment ForShareOfToken { get; }

    /// <summary>
    /// Joins <c>subtoken s</c>, the children of <c>tree d</c>, in a way that looks up each parent in the index. The planner must not choose
    /// a join that reads the whole table: it is repeated for each generation, of which there may be thousands.
    /// </summary>
    public abstract SqlFragment JoinChildrenOfTree { get; }

    /// <summary>How many tokens one transaction may change without delaying other writers noticeably.</summary>
    public abstract int BatchSize { get; }

    /// <summary>
    /// True if transactions of a user must take an advisory lock to wait for each other; false if writing transactions always wait for each
    /// other.
    /// </summary>
    public abstract bool LocksUsers { get; }

    /// <summary>True if the database keeps statistics that tell it how many rows a range has.</summary>
    public abstract bool KnowsDistribution { get; }

    /// <summary>True if one parameter can be a whole column of values.</summary>
    public abstract bool TakesColumns { get; }

    public abstract object? Time(DateTimeOffset? value);

    public abstract DateTimeOffset ReadTime(DbDataReader reader, int column);

    public abstract IPAddress ReadAddress(DbDataReader reader, int column);

    public abstract void Append(SqlStatement sql, TokenType value);

    public abstract void Append(SqlStatement sql, ChangeAction value);

    public abstract void Append(SqlStatement sql, IPAddress? value);

    /// <summary>Appends a column of values, where <see cref="TakesColumns"/> says that it can be.</summary>
    public abstract void Append(SqlStatement sql, SqlArrayParameter values);

    /// <summary>Appends the condition that a column's value is one of some keys.</summary>
    public abstract void Append(SqlStatement sql, SqlIn condition);

    /// <summary>Appends keys as a table.</summary>
    public abstract void Append(SqlStatement sql, SqlOrderedKeys keys);

    /// <summary>Appends the condition that a column's address lies in a block.</summary>
    public abstract void Append(SqlStatement sql, SqlInNetwork condition);
}
