namespace Porthor.Tokens;

/// <summary>What a token is for, and so who makes it and what ends it (contract/tokens.md 2).</summary>
public enum TokenType
{
    /// <summary>A browser's login, held in the encrypted cookie.</summary>
    Session,

    /// <summary>Made by a user, or by an administrator for one, for programs.</summary>
    User,

    /// <summary>A child given to a notebook server.</summary>
    Notebook,

    /// <summary>A child given to one named service, with a part of the scopes.</summary>
    Internal,

    /// <summary>A service's own identity.</summary>
    Service,

    /// <summary>The access token of an OpenID Connect client; it has no scopes.</summary>
    Oidc,
}

/// <summary>The types' names on the wire, in the token index and in records.</summary>
public static class TokenTypes
{
    private static readonly string[] Names = ["session", "user", "notebook", "internal", "service", "oidc"];

    /// <summary>All names, in the order of the token index's enumeration.</summary>
    public static IReadOnlyList<string> All => Names;

    public static string ToText(this TokenType type) => Names[(int)type];

    public static TokenType? TryParse(string? text) =>
        Array.IndexOf(Names, text) is >= 0 and var index ? (TokenType)index : null;

    public static TokenType Parse(string text) =>
        TryParse(text) ?? throw new FormatException($"'{text}' is not a token type.");
}
