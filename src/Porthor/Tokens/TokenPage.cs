using System.Globalization;

namespace Porthor.Tokens;

/// <summary>Represents the position of a token in a list: lists are ordered by creation, newest first, and then by key.</summary>
public readonly record struct TokenCursor(DateTimeOffset Created, TokenKey Token)
{
    public static TokenCursor At(TokenInfo token) => new(token.Created, token.Token);

    /// <summary>Reads a cursor as <see cref="ToString"/> writes it.</summary>
    /// <exception cref="PorthorException"><c>invalid_cursor</c>.</exception>
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

    /// <summary>Returns the microseconds since 1970, the resolution of the stores, and the key.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Created - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}_{Token.Value}");
}

/// <summary>Selects the tokens of a page.</summary>
/// <param name="After">The page begins after this position; null for the first page.</param>
public sealed record TokenQuery(string Username, IReadOnlyList<TokenType> Types, TokenCursor? After, int Limit);

/// <summary>Represents a page of a user's tokens.</summary>
/// <param name="Next">The position after which the next page begins; null on the last page.</param>
public sealed record TokenPage(IReadOnlyList<TokenInfo> Tokens, TokenCursor? Next);
