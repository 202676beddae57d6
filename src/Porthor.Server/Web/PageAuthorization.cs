using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Server.Web.Pages;
using Porthor.Sessions;

namespace Porthor.Server.Web;

/// <summary>
/// Authorizes the requests for pages: the browser must have a session, and a form must come from a page of Porthor. Tokens in headers are
/// not accepted, because pages are for people.
/// </summary>
internal sealed partial class PageAuthorization(
    SessionCookie sessionCookie, Authenticator authenticator, ServerIdentity identity, ILogger<PageAuthorization> logger,
    ILogger<BrowserSession> sessionLogger)
{
    public async Task<IResult> OpenAsync(HttpContext context, Func<PageRequest, Task<IResult>> show)
    {
        PageHeaders.Write(context.Response);
        if (ForwardedClient.Of(context).Address is null)
            throw Problem.MissingClientAddress().ToException();
        if (await authenticator.AuthenticatePageAsync(context) is not { } caller)
            return NotSignedIn(context);

        var session = BrowserSession.Of(context, sessionCookie, identity, sessionLogger);
        PageForm? form = null;
        if (HttpMethods.IsPost(context.Request.Method))
        {
            form = await PageForm.ReadAsync(context.Request);
            if (FindOriginError(context.Request, session.State, form) is { } reason)
                return NotAccepted(context, reason);
        }
        var csrf = session.State.Csrf is { Length: > 0 } known ? known : SessionCookie.CreateCsrf();
        session.State = session.State with { Csrf = csrf };
        var user = new SignedInUser(caller.Username, caller.IsAdmin, csrf);
        context.Features.Set(user);
        return await show(new PageRequest(context, caller, user, form));
    }

    /// <summary>Returns the URL of the login that returns to an address of this server.</summary>
    public string LoginAddress(string pathAndQuery) =>
        Routes.LoginFor(identity.BaseUrl.GetLeftPart(UriPartial.Authority) + pathAndQuery);

    /// <summary>
    /// Returns the reason why a form does not come from a page of Porthor; null if it does. The form must contain the CSRF value, and the
    /// headers of the browser must contain this origin. The CSRF value alone is not enough if a page of another host of the site can read
    /// it.
    /// </summary>
    private string? FindOriginError(HttpRequest request, SessionState state, PageForm form)
    {
        if (!FormOrigin.IsOurs(request.Headers, identity.BaseUrl))
            return "Form sent from another site";
        return Authenticator.ProvesCsrf(state, form[PageForm.CsrfField]) ? null : "Invalid CSRF token";
    }

    private PageResult<MessagePage, MessageView> NotAccepted(HttpContext context, string reason)
    {
        Log.CsrfFailed(logger, reason);
        return new(
            new MessageView(
                SignedInUser: null, "Form not accepted", "The form is outdated or was not sent from this site. Nothing was changed.",
                (context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent(), "Open the page again")),
            StatusCodes.Status403Forbidden);
    }

    /// <summary>
    /// Redirects a GET request for a page to the login, which returns to the page. A POST request gets a page instead of a redirect,
    /// because browsers apply <c>form-action</c> to the redirects of the login, and because the page states that the data was not
    /// saved. A script is not redirected, because it cannot show a login form.
    /// </summary>
    private IResult NotSignedIn(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers["X-Requested-With"] == "XMLHttpRequest")
            throw Problem.NotAuthenticated(new Challenge(identity.Realm), isAjax: true).ToException();
        var login = LoginAddress(request.Path.ToUriComponent() + request.QueryString.ToUriComponent());
        if (HttpMethods.IsGet(request.Method))
        {
            Redirection.Write(context, login);
            return Results.Empty;
        }
        return new PageResult<MessagePage, MessageView>(
            new MessageView(SignedInUser: null, "Signed out", "Your session is no longer valid. Nothing was changed.", (login, "Sign in")),
            StatusCodes.Status403Forbidden);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "CSRF verification failed")]
        public static partial void CsrfFailed(ILogger logger, string error);
    }
}
