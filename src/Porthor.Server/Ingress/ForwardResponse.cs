using Microsoft.AspNetCore.Http.Features;
using Porthor.Ingress;
using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// Writes responses for proxies that return them to the user (Caddy, HAProxy, Traefik). A browser without valid credentials is redirected to
/// the login.
/// </summary>
internal sealed class ForwardResponse(ServerIdentity identity) : IngressResponse(identity)
{
    private readonly ServerIdentity identity = identity;

    protected override Problem Adapt(Problem problem) => problem;

    protected override async Task WriteAsync(HttpContext context, IngressRequest request, DeniedAnswer denied)
    {
        await base.WriteAsync(context, request, denied);
        var forwarded = context.Features.GetRequiredFeature<ForwardAuthRequest>();
        if (denied.Status != StatusCodes.Status401Unauthorized || !HelpsLogin(context, request, forwarded))
            return;
        context.Response.StatusCode = StatusCodes.Status302Found;
        context.Response.Headers.Remove("WWW-Authenticate");
        context.Response.Headers.Location = LoginUrl(forwarded.Url);
    }

    /// <summary>
    /// Returns whether a login helps. Only a person who opens a page can log in; a location that asks for Basic credentials, or accepts no
    /// cookies, would not get them; and the login only leads back to hosts of the deployment (contract/login.md 2).
    /// </summary>
    private bool HelpsLogin(HttpContext context, IngressRequest request, ForwardAuthRequest forwarded) =>
        forwarded.Method == HttpMethods.Get
        && context.Request.Headers.Accept.Any(accept => accept?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true)
        && request is { IsAjax: false, AllowCookies: true, ChallengeType: ChallengeType.Bearer }
        && identity.IsOurs(HostName.Of(request.Url));

    /// <summary>
    /// Returns the URL of the login. It is relative for a page on the base host, whose port the browser knows; from a host below it, it must
    /// be absolute.
    /// </summary>
    private string LoginUrl(string url)
    {
        var origin = HostName.Of(HeaderText.Decode(url)) == identity.Realm ? "" : identity.BaseUrl.GetLeftPart(UriPartial.Authority);
        return $"{origin}/login?rd={Uri.EscapeDataString(HeaderText.DecodeUrl(url))}";
    }
}
