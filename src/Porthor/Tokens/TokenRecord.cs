using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>
/// What is needed to decide on a token (contract/tokens.md 3.1). It lives encrypted in the record store; a token is valid as
/// long as its record is there, its secret is the one presented, and it has not expired.
/// </summary>
public sealed record TokenRecord
{
    public const string BootstrapUsername = "<bootstrap>";
    public const string InternalUsername = "<internal>";

    public required Token Token { get; init; }

    public required string Username { get; init; }

    public required TokenType TokenType { get; init; }

    public required ScopeSet Scopes { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Null if the token never expires.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The service that an internal token was made for.</summary>
    public string? Service { get; init; }

    public UserData UserData { get; init; } = UserData.None;

    public bool IsExpired(DateTimeOffset now) => Expires <= now;

    /// <summary>The same, with no more than these scopes, and ending no later.</summary>
    /// <param name="end">Null for never.</param>
    public TokenRecord Within(ScopeSet scopes, DateTimeOffset? end) => this with { Scopes = Scopes.Intersect(scopes), Expires = Earlier(Expires, end) };

    /// <summary>The earlier of two ends, where null is never.</summary>
    internal static DateTimeOffset? Earlier(DateTimeOffset? left, DateTimeOffset? right) =>
        left is null ? right : right is null || left < right ? left : right;

    /// <summary>Who acts when the bootstrap token was presented. Never stored (contract/tokens.md 3.4).</summary>
    public static TokenRecord Bootstrap(DateTimeOffset now) =>
        Synthetic(BootstrapUsername, ScopeSet.Of(Tokens.Scopes.AdminOidc, Tokens.Scopes.AdminToken), now);

    /// <summary>Who acts when nobody asked: maintenance, and the administrator at the host. Never stored.</summary>
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
