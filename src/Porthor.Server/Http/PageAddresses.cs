using Porthor.Tokens;

namespace Porthor.Server.Http;

/// <summary>Contains the addresses of the pages. No address contains a secret: a token is identified by its key.</summary>
internal static class PageAddresses
{
    public const string Tokens = "/auth/tokens";
    public const string NewToken = Tokens + "/new";
    public const string History = Tokens + "/history";
    public const string Search = Tokens + "/search";
    public const string AllHistory = History + "/all";
    public const string RevokePattern = Tokens + "/{key}/revoke";

    /// <summary>Returns the pages in the navigation.</summary>
    public static IEnumerable<(string Address, string Text)> Of(bool isAdmin)
    {
        yield return (Tokens, "Your tokens");
        yield return (NewToken, "New token");
        yield return (History, "Your history");
        if (!isAdmin)
            yield break;
        yield return (Search, "Find tokens");
        yield return (AllHistory, "All history");
    }

    /// <param name="owner">The owner of the token; null for the signed-in user.</param>
    public static string Revoke(TokenKey key, string? owner = null) =>
        RevokePattern.Replace("{key}", Uri.EscapeDataString(key.Value), StringComparison.Ordinal)
        + (owner is null ? "" : $"?username={Uri.EscapeDataString(owner)}");

    public static string HistoryOf(TokenKey key, string? owner = null) => owner is null
        ? $"{History}?key={Uri.EscapeDataString(key.Value)}"
        : $"{AllHistory}?username={Uri.EscapeDataString(owner)}&key={Uri.EscapeDataString(key.Value)}";

    public static string TokensOf(string? owner) => owner is null ? Tokens : $"{Search}?username={Uri.EscapeDataString(owner)}";
}
