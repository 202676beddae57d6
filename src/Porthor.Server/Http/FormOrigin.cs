using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>Checks whether a form was sent from a page of Porthor. Uses headers that browsers add and that pages cannot change.</summary>
internal static class FormOrigin
{
    /// <summary>
    /// Returns whether the form was sent from Porthor's own origin. Other hosts of the same domain are rejected, because they may be able
    /// to set cookies for Porthor. Old browsers and other programs do not send these headers. They are accepted, and must still send the
    /// CSRF cookie.
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
