using Porthor.Server.Alerts;
using Porthor.Server.Hosting;
using Porthor.Server.Http;
using Porthor.Server.Web;
using Porthor.Users;

namespace Porthor.Server.Login;

/// <summary>
/// The two ways in which a login ends, whoever said who the user is: each with its cookie, event, log line and answer
/// (contract/login.md 3.2, 3.3).
/// </summary>
internal sealed partial class LoginCompletion(
    PorthorCore core,
    ServerIdentity server,
    LoginErrorPage page,
    AlertPoster alerts,
    ILogger<LoginCompletion> logger,
    ILogger<BrowserSession> sessionLogger,
    ILoginProvider? provider = null)
{
    /// <summary>
    /// Makes the user's session, if their groups give them any scope, and sends the browser to where it wanted to go. Also a failure is
    /// answered here.
    /// </summary>
    public async Task SucceedAsync(HttpContext context, LoginIdentity identity)
    {
        try
        {
            var groups = await core.Users.GetGroupNamesAsync(identity.Username, identity.UserData, context.RequestAborted);
            if (LoginScopes.Of(core.Settings.GroupMapping, groups) is not { } scopes)
            {
                // What is mended in the directory must count at the next attempt.
                core.Users.Forget(identity.Username);
                await FailAsync(context, LoginFailure.NoScopes(identity, [.. groups]));
                return;
            }
            var token = await core.Tokens.CreateSessionTokenAsync(
                identity.Username, identity.UserData, scopes, ForwardedClient.Of(context).Address, context.RequestAborted);
            var session = SessionOf(context);
            var before = session.State;
            core.Metrics.LoginSucceeded(core.Clock.GetUtcNow() - before.LoginStart);
            session.State = before.WithoutLogin() with { Token = token, GitHub = identity.ProviderToken ?? before.GitHub };
            Redirection.Write(context, before.ReturnUrl ?? server.AfterLogout(core.Settings));
        }
        catch (UserDirectoryException e)
        {
            await FailAsync(context, LoginFailure.NoDirectory(e, identity));
        }
        catch (StoreUnavailableException e)
        {
            core.Metrics.StoreUnavailable();
            await FailAsync(context, LoginFailure.NoStore(e, identity));
        }
    }

    /// <summary>Tells the user why it failed, or sends them to where they enroll.</summary>
    public async Task FailAsync(HttpContext context, LoginFailure failure)
    {
        if (failure.SendTo is { } url)
        {
            Log.Enrolling(logger, url.AbsoluteUri);
            core.Metrics.LoginEnrolling();
            context.Response.Headers.CacheControl = LoginErrorPage.NoStore;
            Redirection.Write(context, url.AbsoluteUri);
            return;
        }
        if (failure.ProviderToken is { } token && provider is not null)
            await provider.RevokeAsync(token, context.RequestAborted);
        Note(failure);
        if (failure.Alert is { } alert)
            alerts.Raise(alert);
        core.Metrics.LoginFailed();
        var session = SessionOf(context);
        var destination = session.State.ReturnUrl;
        session.State = session.State.WithoutLogin();
        await page.WriteAsync(context, failure, destination is null ? PageAddresses.Tokens : PageAddresses.LoginFor(destination));
    }

    private BrowserSession SessionOf(HttpContext context) => BrowserSession.Of(context, core.SessionCookie, server, sessionLogger);

    /// <summary>With details the headline is the line's event; without, it is its error.</summary>
    private void Note(LoginFailure failure)
    {
        var (text, error) = failure.LoggedDetails is { } details ? (failure.Headline, details) : ("Authentication failed", failure.Headline);
        logger.Log(
            failure.IsSystem ? LogLevel.Error : LogLevel.Warning, default, (KeyValuePair<string, object?>[])[new("error", error), .. failure.Facts], exception: null, (_, _) => text);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Redirecting user to enrollment URL")]
        public static partial void Enrolling(ILogger logger, string url);
    }
}
