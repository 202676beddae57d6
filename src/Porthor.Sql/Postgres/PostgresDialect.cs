using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using NpgsqlTypes;
using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Sql.Postgres;

/// <summary>
/// Represents PostgreSQL. Times are columns of the type <c>timestamp</c> in UTC. They are sent without a kind, because the driver would
/// convert a value of the kind Utc to the time zone of the session.
/// </summary>
internal sealed class PostgresDialect : Dialect
{
    public static readonly PostgresDialect Instance = new();

    public override SqlFragment ForUpdateOfToken { get; } = new(" FOR UPDATE OF t");

    public override SqlFragment ForUpdateSkipLocked { get; } = new(" FOR UPDATE OF t SKIP LOCKED");

    /// <summary>
    /// Must not be <c>FOR KEY SHARE</c>, because PostgreSQL sometimes grants it while another transaction holds <c>FOR UPDATE</c>
    /// (docs/decisions/0017-lock-of-parents.md).
    /// </summary>
    public override SqlFragment ForShareOfToken { get; } = new(" FOR SHARE OF t");

    public override SqlFragment JoinChildrenOfTree { get; } =
        new(" CROSS JOIN LATERAL (SELECT child, parent FROM subtoken WHERE parent = d.child OFFSET 0) s");

    public override int BatchSize => 250;

    public override bool LocksUsers => true;

    public override bool HasStatistics => true;

    public override bool SupportsArrayParameters => true;

    public override object? Time(DateTimeOffset? value) => value is { } time
        ? new NpgsqlParameter { Value = Unspecified(time), NpgsqlDbType = NpgsqlDbType.Timestamp }
        : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Timestamp };

    public override DateTimeOffset ReadTime(DbDataReader reader, int column) =>
        new(DateTime.SpecifyKind(reader.GetDateTime(column), DateTimeKind.Utc));

    public override IPAddress ReadAddress(DbDataReader reader, int column) => reader.GetFieldValue<IPAddress>(column);

    public override void Append(SqlStatement sql, TokenType value) => sql.AddParameter(value.ToText(), "::tokentype");

    public override void Append(SqlStatement sql, ChangeAction value) => sql.AddParameter(value.ToText(), "::tokenchange");

    // The zone of a link-local address is omitted, because the type inet does not accept it.
    public override void Append(SqlStatement sql, IPAddress? value)
    {
        var hasZone = value is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 };
        sql.AddParameter(hasZone ? new IPAddress(value!.GetAddressBytes()).ToString() : value?.ToString(), "::inet");
    }

    public override void Append(SqlStatement sql, SqlArrayParameter values) => sql.AddParameter(
        values.Texts ?? (object)new NpgsqlParameter
        {
            Value = Array.ConvertAll(values.Times!, time => time is { } given ? Unspecified(given) : (DateTime?)null),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Timestamp,
        },
        values.Texts is null ? "" : "::text[]");

    public override void Append(SqlStatement sql, SqlIn condition)
    {
        sql.AppendFormatted(condition.Column);
        sql.AppendLiteral(" = ANY(");
        sql.AddParameter(condition.Keys.Select(key => key.Value).ToArray(), ")");
    }

    public override void Append(SqlStatement sql, SqlOrderedKeys keys)
    {
        sql.AppendLiteral("unnest(");
        sql.AddParameter(keys.Keys.Select(key => key.Value).ToArray(), "::text[]) WITH ORDINALITY AS k (token, number)");
    }

    public override void Append(SqlStatement sql, SqlInNetwork condition)
    {
        // An index can be used only if the column is on the left side of the operator.
        sql.AppendFormatted(condition.Column);
        sql.AppendLiteral(condition.Block.IsSingle ? " = " : " <<= ");
        sql.AddParameter(condition.Block.ToString(), "::inet");
    }

    private static DateTime Unspecified(DateTimeOffset time) => DateTime.SpecifyKind(time.UtcDateTime, DateTimeKind.Unspecified);
}
