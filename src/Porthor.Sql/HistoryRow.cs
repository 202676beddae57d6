using System.Net;
using Porthor.History;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Sql;

/// <summary>Contains the columns that both history tables have (contract/storage.md 2.6, 2.7).</summary>
internal readonly record struct HistoryRow(
    long Id, TokenKey Token, string Username, TokenType TokenType, string? TokenName, TokenKey? Parent, ScopeSet Scopes, string? Service,
    IPAddress? IpAddress, DateTimeOffset EventTime) : IHistoryRow
{
    public static readonly SqlFragment Columns = new(
        "id, token, username, CAST(token_type AS text), token_name, parent, scopes, service, ip_address, event_time");

    /// <summary>The number of columns that <see cref="Read"/> reads. Further columns may follow.</summary>
    public const int Count = 10;

    public static HistoryRow Read(SqlRow row) => new(
        Id: row.Number(0),
        Token: row.Key(1),
        Username: row.Text(2),
        TokenType: TokenTypes.Parse(row.Text(3)),
        TokenName: row.TextOrNull(4),
        Parent: row.KeyOrNull(5),
        Scopes: row.Scopes(6),
        Service: row.TextOrNull(7),
        IpAddress: row.AddressOrNull(8),
        EventTime: row.Time(9));
}
