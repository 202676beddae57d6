using Microsoft.AspNetCore.Http.Features;
using Porthor.Ingress;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// Writes responses for proxies that return them to the user (Caddy, HAProxy, Traefik). A browser without valid credentials is redirected
/// to the login.
/// </summary>
internal sealed class ForwardResponse(ServerIdentity identity) : IngressResponse(identity)
{
    private readonly ServerIdentity identity = identity;

    protected override Problem Adapt(Problem problem) => problem;

    protected override async Task WriteAsync(HttpContext context, IngressRequest request, DeniedAnswer denied)
    {
        await base.WriteAsync(context, request, denied);
        var forwarded = context.Features.GetRequiredFeature<ForwardAuthRequest>();
        if (denied.Status != StatusCodes.Status401Unauthorized || !CanLoginHelp(context, request, forwarded))
            return;
        context.Response.StatusCode = StatusCodes.Status302Found;
        context.Response.Headers.Remove("WWW-Authenticate");
        context.Response.Headers.Location = LoginUrl(forwarded.Url);
    }

    /// <summary>
    /// Returns whether a login can solve the problem. The user must have opened a page in a browser. The location must accept cookies and
    /// not require Basic credentials. The host must belong to the deployment, because the login redirects only to such hosts
    /// (contract/login.md 2).
    /// </summary>
    private bool CanLoginHelp(HttpContext context, IngressRequest request, ForwardAuthRequest forwarded) =>
        forwarded.Method == HttpMethods.Get
        && context.Request.Headers.Accept.Any(accept => accept?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true)
        && request is { IsAjax: false, AllowCookies: true, ChallengeType: ChallengeType.Bearer }
        && identity.IsOurs(HostName.Of(request.Url));

    /// <summary>
    /// Returns the URL of the login. It is relative for a page on the base host, because the browser then keeps the port. It is absolute
    /// for a page on a subdomain.
    /// </summary>
    private string LoginUrl(string url)
    {
        var origin = HostName.Of(HeaderText.Decode(url)) == identity.Realm ? "" : identity.BaseUrl.GetLeftPart(UriPartial.Authority);
        return origin + Routes.LoginFor(HeaderText.DecodeUrl(url));
    }
}
