using Porthor.Server.Logging;
using Porthor.Telemetry;

namespace Porthor.Server.Http;

/// <summary>
/// The frame of every request: finds out whose it is, begins its log lines, sees to it that whatever is thrown becomes an answer,
/// and counts the answers to proxies.
/// </summary>
internal sealed class RequestContext(RequestDelegate next, PorthorMetrics metrics, PorthorExceptionHandler shield, TrustedProxies proxies, PeerWarnings peerWarnings)
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
            await shield.AnswerAsync(context, e);
        }
        if (begun != 0)
            metrics.Decisions.Decided(IngressOutcome.Of(context, log.Outcome), log.Service, begun);
    }
}
