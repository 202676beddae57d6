using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>
/// Represents the data that is required to authorize a request with a token (contract/tokens.md 3.1). The record store contains it in
/// encrypted form. A token is valid if its record exists, the presented secret equals that of the record, and the record has not expired.
/// </summary>
public sealed record TokenRecord
{
    /// <summary>The username of the bootstrap token in the history.</summary>
    public const string BootstrapUsername = "<bootstrap>";
    /// <summary>The username of maintenance and of the command line in the history.</summary>
    public const string InternalUsername = "<internal>";

    /// <summary>Returns the token, including its secret.</summary>
    public required Token Token { get; init; }

    /// <summary>Returns the user to whom the token belongs.</summary>
    public required string Username { get; init; }

    /// <summary>Returns the type.</summary>
    public required TokenType TokenType { get; init; }

    /// <summary>Returns the scopes.</summary>
    public required ScopeSet Scopes { get; init; }

    /// <summary>Returns the time of creation, in whole seconds.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Returns the time of expiration; null if the token never expires.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Returns the service of an internal token; null for other types.</summary>
    public string? Service { get; init; }

    /// <summary>Returns the user data that was stored with the token.</summary>
    public UserData UserData { get; init; } = UserData.None;

    /// <summary>Returns true if the token has expired at a time.</summary>
    public bool IsExpired(DateTimeOffset now) => Expires <= now;

    /// <summary>Returns a copy that is reduced to the given scopes and the given expiration.</summary>
    /// <param name="scopes">The scopes to which the copy is limited.</param>
    /// <param name="end">The latest expiration; null for no limit.</param>
    public TokenRecord Within(ScopeSet scopes, DateTimeOffset? end) =>
        this with { Scopes = Scopes.Intersect(scopes), Expires = Earlier(Expires, end) };

    /// <summary>Returns the earlier of two expirations, where null means never.</summary>
    internal static DateTimeOffset? Earlier(DateTimeOffset? left, DateTimeOffset? right) =>
        left is null ? right : right is null || left < right ? left : right;

    /// <summary>
    /// Returns the record of a requester who has presented the bootstrap token. It is never stored (contract/tokens.md 3.4).
    /// </summary>
    public static TokenRecord Bootstrap(DateTimeOffset now) =>
        Synthetic(BootstrapUsername, ScopeSet.Of(Tokens.Scopes.AdminOidc, Tokens.Scopes.AdminToken), now);

    /// <summary>
    /// Returns the record of a requester without a token: maintenance, or an administrator who uses the command line. It is never stored.
    /// </summary>
    public static TokenRecord Internal(DateTimeOffset now) => Synthetic(InternalUsername, ScopeSet.Of(Tokens.Scopes.AdminToken), now);

    private static TokenRecord Synthetic(string username, ScopeSet scopes, DateTimeOffset now) => new()
    {
        Token = Token.Create(),
        Username = username,
        TokenType = TokenType.Service,
        Scopes = scopes,
        Created = now,
    };
}
