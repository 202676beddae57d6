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
        var log = new RequestLog(context.Request, client.Scheme, client.Address);
        context.Features.Set(log);
        using (logger.BeginScope(log))
            await next(context);
    }
}
