using System.Globalization;
using System.Text;
using Porthor.Sessions;

namespace Porthor.Server.Http;

/// <summary>
/// Stores a return URL that is too long for the state cookie, because browsers discard cookies of more than 4,096 bytes. The state cookie
/// then contains a shorter URL, which nodes of the reference use, and the cookies <c>porthor-return-0</c> and so on contain the whole URL.
/// Browsers send these cookies only to the path on which logins end, so other requests to the site do not exceed header limits.
/// </summary>
internal static class LongReturnUrl
{
    private const string CookieName = "porthor-return-";

    /// <summary>With this length the state cookie stays below 4,096 bytes, including its name and attributes.</summary>
    private const int LongestState = 3600;

    private const int LongestPart = 3800;

    /// <summary>The number of cookies that the longest return URL needs (<see cref="ReturnUrl.MaxLength"/>).</summary>
    private const int MaxParts = 4;

    private const int LongestShortForm = 1000;

    /// <summary>Returns the state with the whole return URL, if the request has it in separate cookies.</summary>
    public static SessionState Restore(HttpContext context, SessionCookie cookie, SessionState state)
    {
        if (state is not { State: not null, ReturnUrl: not null } || Part(context, 0) is not { } first)
            return state;
        var separator = first.IndexOf('.', StringComparison.Ordinal);
        if (separator < 0 || !int.TryParse(first.AsSpan(0, separator), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count > MaxParts)
            return state;
        var value = new StringBuilder(first, separator + 1, first.Length - separator - 1, capacity: 16384);
        for (var i = 1; i < count; i++)
            value.Append(Part(context, i));
        return cookie.TryReadReturnUrl(value.ToString(), state) is { } whole ? state with { ReturnUrl = whole } : state;
    }

    /// <summary>Returns the value of the state cookie, and sets or removes the cookies with the return URL.</summary>
    public static string Write(HttpContext context, SessionCookie cookie, SessionState state, ServerIdentity identity)
    {
        var value = cookie.Write(state);
        var parts = "";
        if (value.Length > LongestState && state is { State: not null, ReturnUrl: { } whole })
        {
            var shorter = state with { ReturnUrl = ShortForm(whole) };
            value = cookie.Write(shorter);
            parts = cookie.WriteReturnUrl(whole, shorter);
        }
        string[] values = [.. parts.Chunk(LongestPart).Select(part => new string(part))];
        for (var i = 0; i < MaxParts; i++)
        {
            if (i < values.Length)
                Append(context, i, i == 0 ? $"{values.Length}.{values[0]}" : values[i], "86400", identity);
            else if (Part(context, i) is not null)
                Append(context, i, "", "0", identity);
        }
        return value;
    }

    private static void Append(HttpContext context, int index, string value, string maxAge, ServerIdentity identity) =>
        context.Response.Headers.Append(
        "Set-Cookie",
        $"{CookieName}{index}={value}; {identity.CookieDomain}HttpOnly; Max-Age={maxAge}; Path={identity.LoginPath}; "
        + $"SameSite=lax{(identity.IsSecure ? "; Secure" : "")}");

    private static string? Part(HttpContext context, int index) =>
        RequestCookies.Find(context.Request.Headers.Cookie, $"{CookieName}{index}");

    /// <summary>Returns the URL without query and fragment. If it is still too long, returns only the root of its host.</summary>
    private static string ShortForm(string url)
    {
        var path = url.Split('?', '#')[0];
        return path.Length <= LongestShortForm ? path : new Uri(new Uri(path), "/").AbsoluteUri;
    }
}
