namespace Porthor.Server.Http;

/// <summary>
/// Handles HEAD requests as GET requests without a body, with the same headers (RFC 9110 section 9.3.2; deviations 36). All later
/// middleware sees a GET request. The web server omits the body, because it still has the original method.
/// </summary>
internal sealed class HeadRequests(RequestDelegate next)
{
    private static readonly Head Mark = new();

    public Task InvokeAsync(HttpContext context)
    {
        // Method names are case-sensitive, and the web server omits the body only for HEAD in capital letters.
        if (context.Request.Method == HttpMethods.Head)
        {
            context.Features.Set(Mark);
            context.Request.Method = HttpMethods.Get;
        }
        return next(context);
    }

    /// <summary>Returns whether the client sent HEAD. A GET route that changes state must not change it for HEAD.</summary>
    public static bool IsHead(HttpContext context) => context.Features.Get<Head>() is not null;

    private sealed class Head;
}
