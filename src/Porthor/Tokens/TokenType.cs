namespace Porthor.Tokens;

/// <summary>
/// Identifies the purpose of a token, which determines who creates it and when it becomes invalid (contract/tokens.md 2).
/// </summary>
public enum TokenType
{
    /// <summary>The session of a browser. The token is stored in the encrypted state cookie.</summary>
    Session,

    /// <summary>A token for programs that a user created, or that an administrator created for a user.</summary>
    User,

    /// <summary>A child token for a notebook server.</summary>
    Notebook,

    /// <summary>A child token for one named service, with some of the scopes.</summary>
    Internal,

    /// <summary>The identity of a service.</summary>
    Service,

    /// <summary>The access token of an OpenID Connect client. It has no scopes.</summary>
    Oidc,
}

/// <summary>Converts token types to their names in the API, in the token index and in records.</summary>
public static class TokenTypes
{
    private static readonly string[] Names = ["session", "user", "notebook", "internal", "service", "oidc"];

    /// <summary>Returns all names, in the order of the enumeration in the token index.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>Returns the name of a type.</summary>
    public static string ToText(this TokenType type) => Names[(int)type];

    /// <summary>Returns the type with a name; null if there is none.</summary>
    public static TokenType? TryParse(string? text) =>
        Array.IndexOf(Names, text) is >= 0 and var index ? (TokenType)index : null;

    /// <summary>Returns the type with a name.</summary>
    /// <exception cref="FormatException">There is no such type.</exception>
    public static TokenType Parse(string text) =>
        TryParse(text) ?? throw new FormatException($"'{text}' is not a token type.");
}
