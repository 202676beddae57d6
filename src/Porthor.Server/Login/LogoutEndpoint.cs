using Porthor.Operations;
using Porthor.Server.Configuration;
using Porthor.Telemetry;
using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Server.Login;

/// <summary>
/// <c>GET /logout</c> (contract/login.md 6): the browser forgets its session, and unless that is switched off the session ends, with
/// all that was made from it (deviations 26).
/// </summary>
internal sealed partial class LogoutEndpoint(
    PorthorMetrics metrics, SessionCookie sessionCookie, PorthorSettings settings, TokenService tokens,
    ServerIdentity server,
    LoginErrorPage page,
    ILogger<LogoutEndpoint> logger,
    ILogger<BrowserSession> sessionLogger,
    ILoginProvider? provider = null)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/logout", (HttpContext context, LogoutEndpoint logout) => logout.HandleAsync(context))
            .Described("browser", "logOut", "Log out", "Ends the browser's session.")
            .Takes(DescribedParameter.Query("rd", "Where to go afterwards. Without it, where the deployment says."))
            .Produces(StatusCodes.Status307TemporaryRedirect).Produces(StatusCodes.Status503ServiceUnavailable, contentType: "text/html").Refuses(422);

    private async Task HandleAsync(HttpContext context)
    {
        if (ForwardedClient.Of(context).Address is null)
            throw Problem.MissingClientAddress().ToException();
        var returnUrl = ReturnUrl.Check(context, new QueryParameters(context.Request)["rd"], server, logger);
        if (HeadRequests.IsHead(context))
        {
            // HEAD is a safe method (RFC 9110 section 9.2.1): the session stays valid.
            Redirection.Write(context, returnUrl ?? server.AfterLogout(settings));
            return;
        }
        var session = BrowserSession.Of(context, sessionCookie, server, sessionLogger);
        var left = session.State;
        // Whatever happens below, this browser is not logged in any more.
        session.State = SessionState.Empty;
        if (left.Token is not { } token)
        {
            Log.NotLoggedIn(logger);
            Redirection.Write(context, returnUrl ?? server.AfterLogout(settings));
            return;
        }
        // Neither depends on the connection: a session must not stay valid because the browser closed it.
        var failure = await EndAsync(context, token);
        if (left.GitHub is { } providerToken && provider is not null)
            await provider.RevokeAsync(providerToken, CancellationToken.None);
        if (failure is not null)
        {
            await page.WriteAsync(context, LoginFailure.SessionLives(failure));
            return;
        }
        Log.LoggedOut(logger);
        Redirection.Write(context, returnUrl ?? server.AfterLogout(settings));
    }

    /// <summary>
    /// Revokes the session, if the settings and the request allow it. Returns the reason of a failure; null if there was none.
    /// </summary>
    private async Task<StoreUnavailableException?> EndAsync(HttpContext context, Token token)
    {
        if (!settings.RevokeOnLogout || !IsMeant(context.Request))
            return null;
        try
        {
            await tokens.EndSessionAsync(token, ForwardedClient.Of(context).Address, CancellationToken.None);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            metrics.StoreUnavailable();
            Log.NotEnded(logger, token.Key, $"{e.Message} ({e.What})", e);
            return e;
        }
    }

    /// <summary>
    /// A foreign page can make a browser come here, and with its cookie. That it then has to log in again is a nuisance; that it ends
    /// what runs with the session's children would be harm. Browsers say which it is; what is no browser says nothing.
    /// </summary>
    private static bool IsMeant(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"].ToString() is "" or "none" or "same-origin" or "same-site";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Successful logout")]
        public static partial void LoggedOut(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Logout of already-logged-out session")]
        public static partial void NotLoggedIn(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "Session was not revoked at logout")]
        public static partial void NotEnded(ILogger logger, TokenKey tokenKey, string error, Exception exception);
    }
}
