using System.Data.Common;
using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Sql;

/// <summary>Represents a row of a result. The methods return the value of a column as a type of the domain.</summary>
internal readonly struct SqlRow(DbDataReader reader, Dialect dialect)
{
    public string Text(int column) => reader.GetString(column);

    public string? TextOrNull(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public long Number(int column) => reader.GetInt64(column);

    public long? NumberOrNull(int column) => reader.IsDBNull(column) ? null : Number(column);

    public bool Flag(int column) => reader.GetBoolean(column);

    public byte[] Bytes(int column) => reader.GetFieldValue<byte[]>(column);

    public TokenKey Key(int column) => new(reader.GetString(column));

    public TokenKey? KeyOrNull(int column) => reader.IsDBNull(column) ? null : Key(column);

    public ScopeSet Scopes(int column) => ScopeSet.Parse(reader.GetString(column));

    public ScopeSet? ScopesOrNull(int column) => reader.IsDBNull(column) ? null : Scopes(column);

    /// <summary>
    /// Returns an address; null if there is none. IPv4-mapped addresses, which older versions stored, become IPv4 addresses.
    /// </summary>
    public IPAddress? AddressOrNull(int column) => reader.IsDBNull(column) ? null : AddressBlock.Unmap(dialect.ReadAddress(reader, column));

    public DateTimeOffset Time(int column) => dialect.ReadTime(reader, column);

    public DateTimeOffset? TimeOrNull(int column) => reader.IsDBNull(column) ? null : Time(column);
}
