namespace Porthor.Server.Http;

/// <summary>Writes the errors of requests for pages of Porthor as HTML pages. The web user interface implements it.</summary>
internal interface IErrorPages
{
    /// <summary>Returns whether the request is for a page of Porthor itself.</summary>
    bool IsForPage(HttpContext context);

    /// <summary>Writes the problem of a request for a page of Porthor as an HTML page.</summary>
    Task WriteAsync(HttpContext context, Problem problem);

    /// <summary>Writes the page for status 500.</summary>
    Task WriteInternalErrorAsync(HttpContext context);
}

/// <summary>
/// Renders the responses to other denied requests as HTML pages for browsers. The web user interface implements it.
/// </summary>
internal interface IDenialPage
{
    /// <summary>Gets the content security policy of the page.</summary>
    PagePolicy Policy { get; }

    /// <summary>Returns whether the client is a browser that opens a page, and gets an HTML page for this status.</summary>
    bool IsWanted(HttpContext context, int status);

    /// <summary>
    /// Returns the user of a denied request, for proxies that write the page themselves (NGINX). Returns null if the user is unknown, or if
    /// the client gets no page.
    /// </summary>
    string? UserForProxy(HttpContext context);

    /// <summary>
    /// Returns the complete page in UTF-8. It contains no references to other files, because proxies also return it for other hosts.
    /// </summary>
    Task<byte[]> RenderAsync(HttpContext context, Problem problem);
}
