using System.Globalization;

namespace Porthor.Tokens;

/// <summary>Represents the position of a token in a list. Lists are ordered by creation time, newest first, and then by key.</summary>
public readonly record struct TokenCursor(DateTimeOffset Created, TokenKey Token)
{
    /// <summary>Returns the position of a token.</summary>
    public static TokenCursor At(TokenInfo token) => new(token.Created, token.Token);

    /// <summary>Parses a cursor in the format of <see cref="ToString"/>.</summary>
    /// <exception cref="PorthorException"><c>invalid_cursor</c>: the text does not have this format.</exception>
    public static TokenCursor Parse(string text)
    {
        var separator = text.IndexOf('_');
        if (separator < 0
            || !long.TryParse(text.AsSpan(0, separator), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            || microseconds > (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond
            || text.Length - separator - 1 != TokenKey.Length)
            throw PorthorError.InvalidCursor("not a position in a list of tokens").ToException();
        return new TokenCursor(DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds), new TokenKey(text[(separator + 1)..]));
    }

    /// <summary>Returns the creation time in microseconds since 1970, which is the resolution of the stores, and the key.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture, $"{(Created - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}_{Token.Value}");
}

/// <summary>Represents a request for a page of a user's tokens.</summary>
/// <param name="Username">The user to whom the tokens belong.</param>
/// <param name="Types">The types of the tokens; empty for all types.</param>
/// <param name="After">The position after which the page begins; null for the first page.</param>
/// <param name="Limit">The maximum number of tokens.</param>
public sealed record TokenQuery(string Username, IReadOnlyList<TokenType> Types, TokenCursor? After, int Limit);

/// <summary>Represents a page of a user's tokens.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="Next">The position after which the next page begins; null on the last page.</param>
public sealed record TokenPage(IReadOnlyList<TokenInfo> Tokens, TokenCursor? Next);
