using Porthor.Operations;
using Porthor.Server.Api.Description;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Sessions;
using Porthor.Telemetry;
using Porthor.Tokens;

namespace Porthor.Server.Login;

/// <summary>
/// Handles <c>GET /logout</c> (contract/login.md 6): removes the cookie and, unless this is disabled, revokes the session with all its
/// child tokens (deviations 26).
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
        routes.MapGet(Routes.Logout, (HttpContext context, LogoutEndpoint logout) => logout.HandleAsync(context))
            .Described("browser", "logOut", "Log out", "Ends the session of the browser.")
            .Takes(DescribedParameter.Query("rd", "The URL to return to after logout. The default is the setting afterLogoutUrl."))
            .Produces(StatusCodes.Status307TemporaryRedirect)
            .Produces(StatusCodes.Status503ServiceUnavailable, contentType: "text/html").Refuses(422);

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
        var previous = session.State;
        // The cookie is removed even if the following steps fail.
        session.State = SessionState.Empty;
        if (previous.Token is not { } token)
        {
            Log.NotLoggedIn(logger);
            Redirection.Write(context, returnUrl ?? server.AfterLogout(settings));
            return;
        }
        // These steps are completed even if the browser closes the connection, so that the session does not stay valid.
        var failure = await EndAsync(context, token);
        if (previous.GitHub is { } providerToken && provider is not null)
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
    /// Revokes the session if the settings and the request allow it. Returns the cause of a failure; null if there was none.
    /// </summary>
    private async Task<StoreUnavailableException?> EndAsync(HttpContext context, Token token)
    {
        if (!settings.RevokeOnLogout || !MayRevoke(context.Request))
            return null;
        try
        {
            await tokens.EndSessionAsync(token, ForwardedClient.Of(context).Address, CancellationToken.None);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            metrics.StoreUnavailable();
            Log.NotEnded(logger, token.Key, e.LogText, e);
            return e;
        }
    }

    /// <summary>
    /// Returns whether the request may revoke the session. A page of another site can make a browser send this request with its cookie. The
    /// request then logs the user out, but must not stop services that use child tokens of the session. Programs other than browsers do not
    /// send the header and are allowed.
    /// </summary>
    private static bool MayRevoke(HttpRequest request) =>
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
