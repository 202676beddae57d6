using Porthor.Server.Hosting;
using Porthor.Server.Logging;

namespace Porthor.Server.Http;

/// <summary>Finds out whose request it is and begins its log lines.</summary>
internal sealed class RequestContext(RequestDelegate next, PorthorCore core, ILogger<RequestContext> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var client = ForwardedClient.Find(context, core.Settings.Proxies);
        context.Features.Set(client);
        var request = context.Request;
        // The header itself: HttpRequest.Host decodes international names, and throws where that fails.
        var url = $"{client.Scheme}://{request.Headers.Host}{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}";
        var log = new RequestLog(context, url, client.Address?.ToString() ?? "");
        context.Features.Set(log);
        using (logger.BeginScope(log))
            await next(context);
    }
}
