using Porthor.Server.Logging;
using Porthor.Telemetry;

namespace Porthor.Server.Http;

/// <summary>
/// Processes every request first: determines the client, starts the request log, converts exceptions to responses, and counts
/// the decisions of forward authentication.
/// </summary>
internal sealed class RequestContext(
    RequestDelegate next, PorthorMetrics metrics, PorthorExceptionHandler exceptions, TrustedProxies proxies, PeerWarnings peerWarnings)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var client = ForwardedClient.Find(context, proxies);
        context.Features.Set(client);
        var untrusted = proxies.IsTrustedPeer(context) ? null : ForwardedClient.PeerOf(context);
        var log = new RequestLog(context.Request, client.Scheme, client.Address);
        RequestLog.Current = log;
        if (untrusted is not null && ForwardedClient.HasForwardedHeaders(context.Request.Headers))
            peerWarnings.Ignored(untrusted);
        var begun = IngressOutcome.IsSubrequest(context.Request) ? metrics.Decisions.Begin() : 0;
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            log.Decided(outcome: null);
            await exceptions.AnswerAsync(context, e);
        }
        if (begun != 0)
            metrics.Decisions.Decided(IngressOutcome.Of(context, log.Outcome), log.Service, begun);
    }
}
