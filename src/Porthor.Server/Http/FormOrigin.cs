namespace Porthor.Server.Http;

/// <summary>Was a form sent from a page of ours? Browsers say so, in a header that no page can change.</summary>
internal static class FormOrigin
{
    /// <summary>
    /// Pages on other hosts below the same domain are not ours either: they may have been able to set our cookie. Browsers that say nothing
    /// are old ones or none, and have to show the cookie all the same.
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
