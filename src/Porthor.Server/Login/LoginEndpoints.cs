using Porthor.Secrets;
using Porthor.Server.Api.Description;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Values;
using Porthor.Sessions;
using Porthor.Telemetry;
using Porthor.Values;

namespace Porthor.Server.Login;

/// <summary>
/// Handles <c>GET /login</c>. A login begins there, and the provider redirects the browser back to it (contract/login.md 3).
/// </summary>
internal sealed partial class LoginEndpoints(
    TimeProvider clock, PorthorMetrics metrics, SessionCookie sessionCookie, PorthorSettings settings,
    ServerIdentity server,
    LoginCompletion completion,
    UsedLoginStates usedLogins,
    ILogger<LoginEndpoints> logger,
    ILogger<BrowserSession> sessionLogger,
    ILoginProvider? provider = null)
{
    private const string RedirectHeader = "X-Auth-Request-Redirect";

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Routes.Login, (HttpContext context, LoginEndpoints login) => login.HandleAsync(context))
            .Described(
                "browser", "logIn", "Log in",
                "Redirects the browser to the login provider. When the browser returns, it creates a session.")
            .Takes(
                DescribedParameter.Query("rd", "The URL to return to after login. The default is the header X-Auth-Request-Redirect."),
                DescribedParameter.Query("code", "The code from the provider."),
                DescribedParameter.Query("state", "The state from the provider."),
                DescribedParameter.Query("error", "The error from the provider, instead of a code."))
            .Produces(StatusCodes.Status307TemporaryRedirect).Produces(StatusCodes.Status403Forbidden, contentType: "text/html")
            .Produces(StatusCodes.Status500InternalServerError, contentType: "text/html").Refuses(404, 422);

    private async Task HandleAsync(HttpContext context)
    {
        if (ForwardedClient.Of(context).Address is null)
            throw Problem.MissingClientAddress().ToException();
        if (provider is null)
            throw PorthorError.NotConfigured("No authentication provider configured").ToException();
        var query = new QueryParameters(context.Request);
        var asked = query["rd"] ?? HeaderText.DecodeUrl(context.Request.Headers[RedirectHeader].LastOrDefault() ?? "");
        var returnUrl = ReturnUrl.Check(context, asked, server, logger);
        var session = BrowserSession.Of(context, sessionCookie, server, sessionLogger);
        if (query["code"] is null && query["error"] is null)
            await BeginAsync(context, session, returnUrl ?? throw ReturnUrl.Missing());
        else if (!HeadRequests.IsHead(context))
            await ReturnAsync(context, session, query);
        else // HEAD is a safe method (RFC 9110 section 9.2.1): the login continues, and its code can still be used.
            Redirection.Write(context, session.State.ReturnUrl ?? server.AfterLogout(settings));
    }

    /// <summary>
    /// Redirects the browser to the provider. Tabs that are open in the background can be redirected here at any time. Therefore all
    /// tabs continue the login in progress, because a new login would invalidate the previous one. The destination of the last tab is used.
    /// A login that was completed or has expired is not continued.
    /// </summary>
    private async Task BeginAsync(HttpContext context, BrowserSession session, string returnUrl)
    {
        if (session.State.Attempt() is not { } attempt
            || clock.GetUtcNow() - session.State.LoginStart > UsedLoginStates.Lifetime
            || await usedLogins.IsUsedAsync(attempt.State, context.RequestAborted))
        {
            attempt = await provider!.PrepareAsync(context.RequestAborted);
            session.State = session.State.With(attempt) with { LoginStart = clock.GetUtcNow() };
            metrics.LoginAttempted();
        }
        session.State = session.State with { ReturnUrl = returnUrl };
        Redirection.Write(context, provider!.AddressFor(attempt));
    }

    private async Task ReturnAsync(HttpContext context, BrowserSession session, QueryParameters query)
    {
        var state = session.State;
        if (query["state"] is not { } presented)
        {
            await completion.FailAsync(context, LoginFailure.WrongState("No authentication state, please start over"));
        }
        else if (state.Attempt() is not { } attempt)
        {
            // Another tab has completed the login. The browser is redirected, because reloading an error page would not help.
            Log.Finished(logger);
            Redirection.Write(context, state.ReturnUrl ?? server.AfterLogout(settings));
        }
        else if (!new Secret(attempt.State).Matches(presented))
        {
            await completion.FailAsync(context, LoginFailure.WrongState("Authentication state mismatch, please start over"));
        }
        else if (state.ReturnUrl is null)
        {
            await completion.FailAsync(context, LoginFailure.WrongState("Invalid state: return_url not present in cookie"));
        }
        else
        {
            RequestLog.Current?.ReturnUrl(state.ReturnUrl);
            await FinishAsync(context, attempt, query);
        }
    }

    private async Task FinishAsync(HttpContext context, LoginAttempt attempt, QueryParameters query)
    {
        try
        {
            if (query["code"] is not { } code)
                throw LoginFailure.Refused(query["error"]!, query["error_description"]).ToException();
            var identity = await provider!.RedeemAsync(code, attempt, context.RequestAborted);
            await completion.SucceedAsync(context, identity);
        }
        catch (LoginFailedException e)
        {
            await completion.FailAsync(context, e.Failure);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Login state missing, redirecting without authentication")]
        public static partial void Finished(ILogger logger);
    }
}

/// <summary>Converts between a login in progress and the state cookie.</summary>
internal static class LoginAttempts
{
    public static LoginAttempt? Attempt(this SessionState state) =>
        state.State is { Length: > 0 } value ? new LoginAttempt(value) { Nonce = state.Nonce, Verifier = state.Verifier } : null;

    public static SessionState With(this SessionState state, LoginAttempt attempt) =>
        state with { State = attempt.State, Nonce = attempt.Nonce, Verifier = attempt.Verifier };
}
