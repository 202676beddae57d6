using System.Data.Common;
using System.Net;
using System.Text.Json;
using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// Represents SQLite. Times are integers: microseconds since 1970, which is the precision of PostgreSQL. Enumerations are texts. Addresses
/// are bytes (<see cref="SqliteAddress"/>). A transaction locks the whole database for writing, so no locks of rows are needed.
/// </summary>
internal sealed class SqliteDialect : Dialect
{
    public static readonly SqliteDialect Instance = new();

    public override SqlFragment ForUpdateOfToken => SqlFragment.None;

    public override SqlFragment ForUpdateSkipLocked => SqlFragment.None;

    public override SqlFragment ForShareOfToken => SqlFragment.None;

    public override SqlFragment JoinChildrenOfTree { get; } = new(" CROSS JOIN subtoken s ON s.parent = d.child");

    /// <summary>
    /// Returns a number of changes that one transaction can make within some milliseconds, because all other writers wait.
    /// </summary>
    public override int BatchSize => 50;

    public override bool LocksUsers => false;

    public override bool HasStatistics => false;

    public override bool SupportsArrayParameters => false;

    public override object? Time(DateTimeOffset? value) => value is { } time ? ToMicroseconds(time) : null;

    public override DateTimeOffset ReadTime(DbDataReader reader, int column) =>
        DateTimeOffset.UnixEpoch.AddTicks(reader.GetInt64(column) * TimeSpan.TicksPerMicrosecond);

    public override IPAddress ReadAddress(DbDataReader reader, int column) => SqliteAddress.Read(reader.GetFieldValue<byte[]>(column));

    public override void Append(SqlStatement sql, TokenType value) => sql.AddParameter(value.ToText());

    public override void Append(SqlStatement sql, ChangeAction value) => sql.AddParameter(value.ToText());

    public override void Append(SqlStatement sql, IPAddress? value) => sql.AddParameter(SqliteAddress.Write(value));

    public override void Append(SqlStatement sql, SqlArrayParameter values) =>
        throw new NotSupportedException("SQLite does not support array parameters.");

    public override void Append(SqlStatement sql, SqlIn condition)
    {
        sql.AppendFormatted(condition.Column);
        sql.AppendLiteral(" IN (SELECT value FROM json_each(");
        sql.AddParameter(JsonSerializer.Serialize(condition.Keys.Select(key => key.Value)), "))");
    }

    public override void Append(SqlStatement sql, SqlOrderedKeys keys)
    {
        sql.AppendLiteral("(SELECT value AS token, key AS number FROM json_each(");
        sql.AddParameter(JsonSerializer.Serialize(keys.Keys.Select(key => key.Value)), ")) k");
    }

    /// <summary>Appends a range of stored addresses for a block, so that an index can be used.</summary>
    public override void Append(SqlStatement sql, SqlInNetwork condition)
    {
        var (first, last) = SqliteAddress.Range(condition.Block);
        sql.AppendFormatted(condition.Column);
        sql.AppendLiteral(" BETWEEN ");
        sql.AddParameter(first, " AND ");
        sql.AddParameter(last);
    }

    private static long ToMicroseconds(DateTimeOffset time) =>
        (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
}
