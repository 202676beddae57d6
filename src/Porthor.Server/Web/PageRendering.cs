using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Porthor.Server.Web;

/// <summary>
/// Renders pages, and limits the number of pages that are rendered at the same time. Rendering is the most expensive part of a page
/// request, and forward authentication needs a free processor. If too many requests wait, further ones get status 503.
/// </summary>
internal sealed class PageRendering(IServiceProvider services, ILoggerFactory loggers) : IDisposable
{
    /// <summary>The maximum number of requests that wait for rendering.</summary>
    public const int QueueLength = 64;

    private readonly ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Math.Max(1, Environment.ProcessorCount / 2),
        QueueLimit = QueueLength,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Acquires a permit to render a page. Tests acquire all permits.</summary>
    public ValueTask<RateLimitLease> EnterAsync(CancellationToken cancellationToken) => limiter.AcquireAsync(1, cancellationToken);

    /// <summary>
    /// Renders a page into the response without sending it, so that an error can still become an error response. Returns false if too many
    /// requests are waiting.
    /// </summary>
    /// <remarks>
    /// Uses only the renderer of the framework. The complete component support would add routes, antiforgery and keys, which are not
    /// needed, and would increase the start time.
    /// </remarks>
    /// <param name="begin">Sets the status and the headers after the page was rendered.</param>
    public async Task<bool> TryRenderAsync<TPage>(HttpResponse response, object view, Action begin)
        where TPage : IComponent
    {
        using var lease = await EnterAsync(response.HttpContext.RequestAborted);
        if (!lease.IsAcquired)
            return false;
        await using var renderer = new HtmlRenderer(services, loggers);
        await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(Page<>.View)] = view });
            var page = await renderer.RenderComponentAsync<TPage>(parameters);
            begin();
            await using var writer = new Utf8TextWriter(response.BodyWriter);
            page.WriteHtmlTo(writer);
            response.ContentLength = writer.WrittenBytes;
        });
        return true;
    }

    public void Dispose() => limiter.Dispose();
}
