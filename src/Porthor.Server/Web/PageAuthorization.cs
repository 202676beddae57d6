using Porthor.Server.Http;
using Porthor.Server.Login;
using Porthor.Server.Web.Pages;
using Porthor.Sessions;

namespace Porthor.Server.Web;

/// <summary>
/// What every page does first: who is signed in with this browser, and did one of our pages send this form. Only a session
/// counts; pages are for people, and a token in a header is a program's.
/// </summary>
internal sealed partial class PageAuthorization(
    SessionCookie sessionCookie, Authenticator authenticator, ServerIdentity identity, ILogger<PageAuthorization> logger, ILogger<BrowserSession> sessionLogger)
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
            if (WhyForeign(context.Request, session.State, form) is { } reason)
                return Foreign(context, reason);
        }
        var csrf = session.State.Csrf is { Length: > 0 } known ? known : SessionCookie.CreateCsrf();
        session.State = session.State with { Csrf = csrf };
        var visitor = new Visitor(caller.Username, caller.IsAdmin, csrf);
        context.Features.Set(visitor);
        return await show(new PageRequest(context, caller, visitor, form));
    }

    /// <summary>Where to sign in, to come back to an address of ours.</summary>
    public string LoginAddress(string pathAndQuery) =>
        $"/login?rd={Uri.EscapeDataString(identity.BaseUrl.GetLeftPart(UriPartial.Authority) + pathAndQuery)}";

    /// <summary>
    /// A form that another site made the browser send does not know the value that ours repeat. Browsers also tell where a
    /// form came from, and theirs must be from here: the value alone would fall with a page of a neighbour that could read it.
    /// </summary>
    private string? WhyForeign(HttpRequest request, SessionState state, PageForm form)
    {
        if (!FormOrigin.IsOurs(request.Headers, identity.BaseUrl))
            return "Form sent from another site";
        return Authenticator.ProvesCsrf(state, form[PageForm.CsrfField]) ? null : "Invalid CSRF token";
    }

    private PageResult<MessagePage, MessageView> Foreign(HttpContext context, string reason)
    {
        Log.CsrfFailed(logger, reason);
        return new(
            new MessageView(
                Visitor: null, "Not done", "This form is out of date, or did not come from a page of this site. Nothing was changed.",
                (context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent(), "Open the page again")),
            StatusCodes.Status403Forbidden);
    }

    /// <summary>
    /// Whoever asks for a page is sent to the login and comes back. A form is not: browsers would hold the way through the login
    /// to the places where our forms may lead, and what was filled in would be lost unsaid. A script is not either; it would
    /// show a login to nobody.
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
            new MessageView(Visitor: null, "Signed out", "Your session has ended. Nothing was changed.", (login, "Sign in")), StatusCodes.Status403Forbidden);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "CSRF verification failed")]
        public static partial void CsrfFailed(ILogger logger, string error);
    }
}
