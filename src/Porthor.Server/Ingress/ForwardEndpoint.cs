using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// Implements <c>/ingress/forward</c>: authorization subrequests from proxies that return the response to the user (Caddy, HAProxy,
/// Traefik). The decision is the same as for <c>/ingress/auth</c>.
/// </summary>
internal sealed class ForwardEndpoint(IngressHandler handler, ForwardResponse response, TrustedProxies proxies)
{
    public Task AuthorizeAsync(HttpContext context)
    {
        if (ForwardAuthRequest.TryRead(context, proxies, out var errors) is not { } forwarded)
            return Problem.Of(errors).WriteAsync(context.Response);
        context.Features.Set(forwarded);
        return handler.AuthorizeAsync(context, new OriginalTarget(forwarded.Url, forwarded.Method), response);
    }
}
