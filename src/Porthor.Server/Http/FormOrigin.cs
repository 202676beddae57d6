using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>Checks whether a form was sent from a page of Porthor, using the headers that browsers add and pages cannot change.</summary>
internal static class FormOrigin
{
    /// <summary>
    /// Returns whether the origin is Porthor's own. Other hosts of the same domain are rejected, because they may be able to set cookies
    /// for Porthor. Old browsers and other programs do not send the header; they are accepted and must still present the CSRF cookie.
    /// </summary>
    public static bool IsOurs(IHeaderDictionary headers, Uri baseUrl)
    {
        var site = headers["Sec-Fetch-Site"];
        if (site.Count > 0)
            return site is ["same-origin"];
        var origin = headers.Origin;
        return origin.Count == 0 || (origin is [{ } only] && WebOrigin.TryParse(only) is { } sender && sender == WebOrigin.Of(baseUrl));
    }
}
