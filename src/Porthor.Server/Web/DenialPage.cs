using System.Security.Cryptography;
using System.Text;
using Porthor.Server.Http;
using Porthor.Server.Ingress;
using Porthor.Server.Logging;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Web;

/// <summary>
/// Renders the response to a denied request as an HTML page: the signed-in user, the missing scopes, and a link to sign in as another user.
/// The page needs no other files, because proxies return it for hosts that serve no files of Porthor.
/// </summary>
internal sealed class DenialPage : IDenialPage
{
    private const string Style =
        "body{font:100%/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}"
        + "h1{font-size:1.5rem}code{overflow-wrap:anywhere}";

    /// <summary>The maximum length of the return URL in a link. The link contains it percent-encoded twice.</summary>
    private const int LongestReturnUrl = 1500;

    /// <summary>The content security policy of the page. It allows only the style above.</summary>
    private static readonly PagePolicy StylePolicy = new()
    {
        Forms = "'none'",
        Styles = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'",
    };

    public PagePolicy Policy => StylePolicy;

    /// <summary>
    /// Returns whether a client gets a page. Only a browser that opens a page gets one. Scripts and other programs get JSON. Proxies that
    /// evaluate the headers of the response, and do not return its body to the user, get JSON too.
    /// </summary>
    public bool IsWanted(HttpContext context, int status) =>
        status is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound or StatusCodes.Status422UnprocessableEntity
            or StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable
        && context.Request.Path.Value is not (Routes.IngressAuth or Routes.IngressAnonymous)
        && OpensPage(context.Request);

    public string? UserForProxy(HttpContext context) =>
        context.Request.Path.Value == Routes.IngressAuth && OpensPage(context.Request) && RequestLog.Current?.User is { } user
            ? HeaderText.Clean(user)
            : null;

    private static bool OpensPage(HttpRequest request) =>
        !"XMLHttpRequest".Equals(request.Headers.XRequestedWith, StringComparison.OrdinalIgnoreCase) && AcceptedTypes.PreferHtml(request);

    public async Task<byte[]> RenderAsync(HttpContext context, Problem problem)
    {
        var identity = context.RequestServices.GetRequiredService<ServerIdentity>();
        var isForward = IsForward(context);
        var user = RequestLog.Current?.User;
        if (user is null && !isForward && problem.IntendedStatus != StatusCodes.Status503ServiceUnavailable)
            user = await FindUserAsync(context);
        var (title, text) = Describe(problem);
        var html = new StringBuilder(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            + $"<title>{HtmlText.Encode(title)}</title><style>{Style}</style></head>\n");
        html.Append($"<body><main><h1>{HtmlText.Encode(title)}</h1>\n<p>{HtmlText.Encode(text)}</p>\n");
        if (problem.RequiredScopes is { } required)
        {
            var missing = required.Names.Where(name => RequestLog.Current?.Scopes?.Contains(name) != true);
            html.Append($"<p>Missing scopes: {string.Join(", ", missing.Select(name => $"<code>{HtmlText.Encode(name)}</code>"))}</p>\n");
        }
        if (user is not null)
            html.Append($"<p>You are signed in as <strong><bdi>{HtmlText.Encode(user)}</bdi></strong>.</p>\n");
        var login = LoginUrl(identity, ReturnUrl(context, identity, problem.IntendedStatus));
        var (address, link) = user is null ? (login, "Sign in") : (LogoutUrl(identity, login), "Sign in as another user");
        html.Append($"<p><a href=\"{HtmlText.Encode(address)}\">{link}</a></p>\n</main></body></html>\n");
        return Encoding.UTF8.GetBytes(html.ToString());
    }

    /// <summary>
    /// Returns a URL for a page of Porthor. It signs the user out, redirects to the login, and then returns to the page.
    /// </summary>
    public static string SwitchUrl(HttpContext context)
    {
        var identity = context.RequestServices.GetRequiredService<ServerIdentity>();
        return Routes.LogoutFor(LoginUrl(identity, ReturnUrl(context, identity, StatusCodes.Status403Forbidden)));
    }

    private static bool IsForward(HttpContext context) => context.Request.Path.Value == Routes.IngressForward;

    private static (string Title, string Text) Describe(Problem problem)
    {
        var reason = problem.Message is { Length: > 0 } message ? $"{message}." : null;
        return problem.IntendedStatus switch
        {
            StatusCodes.Status403Forbidden => ("Access denied", reason ?? "You are not allowed to open this page."),
            StatusCodes.Status404NotFound => ("Not found", reason ?? "This page does not exist."),
            StatusCodes.Status422UnprocessableEntity =>
                ("Invalid request", reason ?? "The address or the configuration of the proxy is invalid."),
            StatusCodes.Status429TooManyRequests => ("Too many requests", reason ?? "Try again later."),
            _ => ("Not available", "Authorization is not available at the moment. Your account is not the cause. Try again soon."),
        };
    }

    /// <summary>Returns the user of the session cookie; null if there is none, or if it cannot be checked.</summary>
    private static async Task<string?> FindUserAsync(HttpContext context)
    {
        try
        {
            return (await context.RequestServices.GetRequiredService<Authenticator>().AuthenticatePageAsync(context))?.Username;
        }
        catch (StoreUnavailableException)
        {
            // The page can be shown without the user.
            return null;
        }
    }

    /// <summary>
    /// Returns the URL of the denied page for status 403. For other statuses a login would not help, so it is the URL of the tokens page.
    /// </summary>
    private static string ReturnUrl(HttpContext context, ServerIdentity identity, int status)
    {
        var site = identity.BaseUrl.GetLeftPart(UriPartial.Authority);
        var url = IsForward(context)
            ? HeaderText.DecodeUrl(context.Features.Get<ForwardAuthRequest>()?.Url ?? "")
            : site + context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        return status == StatusCodes.Status403Forbidden && url.Length <= LongestReturnUrl && identity.IsOurs(HostName.Of(url))
            ? url
            : site + PageAddresses.Tokens;
    }

    private static string LoginUrl(ServerIdentity identity, string destination) =>
        identity.BaseUrl.GetLeftPart(UriPartial.Authority) + Routes.LoginFor(destination);

    private static string LogoutUrl(ServerIdentity identity, string destination) =>
        identity.BaseUrl.GetLeftPart(UriPartial.Authority) + Routes.LogoutFor(destination);
}
