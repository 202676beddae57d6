namespace Porthor.OpenIdConnect;

/// <summary>Contains the scopes of OpenID Connect, which determine the claims of an ID token. They are not scopes of tokens.</summary>
public static class OpenIdScopes
{
    /// <summary>The scope that each request must have.</summary>
    public const string OpenId = "openid";

    /// <summary>The name and the preferred username.</summary>
    public const string Profile = "profile";

    /// <summary>The email address.</summary>
    public const string Email = "email";

    /// <summary>The data rights of the user's groups.</summary>
    public const string Rubin = "rubin";

    /// <summary>Returns all known scopes, in the order of the discovery document.</summary>
    public static IReadOnlyList<string> Known { get; } = [OpenId, Profile, Email, Rubin];

    /// <summary>
    /// Parses the parameter <c>scope</c>: words that are separated by white space. Unknown words are dropped (contract/oidc-server.md 5.5).
    /// </summary>
    /// <returns>The known scopes, sorted. A scope that was given twice is contained twice.</returns>
    public static IReadOnlyList<string> Parse(string text) =>
    [
        .. text.Split(IsSeparator).Where(Known.Contains).Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<string> Split(this string text, Func<char, bool> isSeparator)
    {
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !isSeparator(text[i]))
                continue;
            if (i > start)
                yield return text[start..i];
            start = i + 1;
        }
    }

    /// <summary>Returns true for white space in the sense of the reference, which includes four control characters.</summary>
    private static bool IsSeparator(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
}
