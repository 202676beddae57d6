using System.Text;
using Porthor.Server.Http;

namespace Porthor.Server.Web;

/// <summary>Represents a response that is a page. It is rendered completely before the first byte is sent.</summary>
internal sealed class PageResult<TPage, TView>(TView view, int status = StatusCodes.Status200OK) : IResult
    where TPage : Page<TView>
    where TView : notnull
{
    /// <summary>Gets the content security policy; null for the default, which allows only files of this server.</summary>
    public PagePolicy? Policy { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var rendering = httpContext.RequestServices.GetRequiredService<PageRendering>();
        if (!await rendering.TryRenderAsync<TPage>(response, view, () => Begin(response, status)))
            WriteBusy(response);
        // The limit of concurrent renderings does not include this call, so that a slow client delays only its own response.
        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    private void Begin(HttpResponse response, int statusCode)
    {
        PageHeaders.Write(response, Policy);
        response.StatusCode = statusCode;
        response.ContentType = "text/html; charset=utf-8";
    }

    /// <summary>
    /// Writes the response if too many pages are being rendered. The text is the same for all users, so that writing it is fast.
    /// </summary>
    private void WriteBusy(HttpResponse response)
    {
        const string page =
            """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Busy</title></head>
            <body><main><h1>Busy</h1><p>Too many pages are requested at the moment. Try again in a few seconds.</p></main></body></html>
            """;
        Begin(response, StatusCodes.Status503ServiceUnavailable);
        response.Headers.RetryAfter = "2";
        response.ContentLength = Encoding.UTF8.GetBytes(page, response.BodyWriter);
    }
}
