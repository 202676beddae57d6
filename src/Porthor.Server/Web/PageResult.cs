using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Porthor.Server.Web;

/// <summary>
/// An answer that is a page. It is rendered whole before its first byte is sent, so that what goes wrong meanwhile is an
/// answer like any other.
/// </summary>
internal sealed class PageResult<TPage, TView>(TView view, int status = StatusCodes.Status200OK) : IResult
    where TPage : Page<TView>
    where TView : notnull
{
    /// <summary>Null for the usual one, which allows only what is ours.</summary>
    public PagePolicy? Policy { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var bytes = Encoding.UTF8.GetBytes(await RenderAsync(httpContext.RequestServices));
        var response = httpContext.Response;
        PageHeaders.Write(response, Policy);
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }

    /// <summary>
    /// With the renderer alone. The framework's way to serve components brings routes, antiforgery and keys of its own, none of
    /// which we need, and time to start.
    /// </summary>
    private async Task<string> RenderAsync(IServiceProvider services)
    {
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(Page<>.View)] = view });
            return (await renderer.RenderComponentAsync<TPage>(parameters)).ToHtmlString();
        });
    }
}
