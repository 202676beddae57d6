using Porthor.Server.Hosting;
using Porthor.Server.Ingress;
using Porthor.Server.Logging;

namespace Porthor.Server.Http;

/// <summary>Finds out whose request it is, begins its log lines, and counts the answers to proxies.</summary>
internal sealed class RequestContext(RequestDelegate next, PorthorCore core, ILogger<RequestContext> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var client = ForwardedClient.Find(context, core.Settings.Proxies);
        context.Features.Set(client);
        var log = new RequestLog(context.Request, client.Scheme, client.Address);
        context.Features.Set(log);
        var begun = IngressOutcome.IsQuestion(context.Request) ? core.Metrics.Decisions.Begin() : 0;
        using (logger.BeginScope(log))
            await next(context);
        if (begun != 0)
            core.Metrics.Decisions.Decided(IngressOutcome.Of(context), log.Service, begun);
    }
}
