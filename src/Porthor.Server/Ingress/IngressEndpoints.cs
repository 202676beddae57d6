using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Sessions;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>Maps the routes for authorization subrequests. A proxy must not publish them (contract/ingress.md).</summary>
internal static class IngressEndpoints
{
    /// <summary>
    /// Handles GET requests before routing, because most requests are authorization subrequests. The routes handle other methods.
    /// </summary>
    public static void UseIngress(this WebApplication app)
    {
        var handler = app.Services.GetRequiredService<IngressHandler>();
        var anonymous = app.Services.GetRequiredService<AnonymousEndpoint>();
        app.Use(next => context => context.Request.Path.Value switch
        {
            Routes.IngressAuth when HttpMethods.IsGet(context.Request.Method) => handler.AuthorizeOriginalAsync(context),
            Routes.IngressAnonymous when HttpMethods.IsGet(context.Request.Method) => anonymous.AllowAsync(context),
            _ => next(context),
        });
    }

    /// <summary>Maps the routes. They deny methods other than GET.</summary>
    public static void MapIngress(this IEndpointRouteBuilder routes)
    {
        var handler = routes.ServiceProvider.GetRequiredService<IngressHandler>();
        routes.MapGet(Routes.IngressAuth, (RequestDelegate)handler.AuthorizeOriginalAsync);
        var forward = routes.ServiceProvider.GetRequiredService<ForwardEndpoint>();
        routes.MapGet(Routes.IngressForward, (RequestDelegate)forward.AuthorizeAsync);
        var anonymous = routes.ServiceProvider.GetRequiredService<AnonymousEndpoint>();
        routes.MapGet(Routes.IngressAnonymous, (RequestDelegate)anonymous.AllowAsync);
    }

    /// <summary>
    /// Returns the credentials and cookies of the request without those of Porthor. The proxy forwards them to the application.
    /// </summary>
    public static void Reflect(HttpContext context)
    {
        foreach (var header in context.Request.Headers.Authorization)
        {
            if (!string.IsNullOrEmpty(header) && !CredentialParser.HoldsToken(header))
                context.Response.Headers.Append("Authorization", HeaderText.Opaque(header));
        }
        ReflectCookies(context);
    }

    public static void ReflectCookies(HttpContext context)
    {
        foreach (var header in context.Request.Headers.Cookie)
        {
            if (!string.IsNullOrEmpty(header) && RequestCookies.Without(header, SessionCookie.Name) is { } rest)
                context.Response.Headers.Append("Cookie", HeaderText.Opaque(rest));
        }
        // Caddy and Traefik join several values with a comma, but cookies must be separated by semicolons (RFC 6265, section 5.4). NGINX
        // joins the headers of the user itself, and does not send X-Forwarded-Uri.
        if (context.Response.Headers["Cookie"] is { Count: > 1 } cookies
            && context.Request.Headers.ContainsKey(ForwardAuthRequest.UriHeader))
            context.Response.Headers["Cookie"] = string.Join("; ", cookies.ToArray());
    }

    public static Task WriteOkAsync(HttpResponse response)
    {
        var body = """{"status":"ok"}"""u8;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = body.Length;
        body.CopyTo(response.BodyWriter.GetSpan(body.Length));
        response.BodyWriter.Advance(body.Length);
        return Task.CompletedTask;
    }
}
