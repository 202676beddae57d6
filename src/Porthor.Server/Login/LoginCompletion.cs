using Porthor.Identity;
using Porthor.Operations;
using Porthor.Server.Alerts;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Sessions;
using Porthor.Telemetry;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Login;

/// <summary>
/// Completes a login of any provider: creates the session or reports the failure. Writes the cookie, the event, the log line and the
/// response (contract/login.md 3.2, 3.3).
/// </summary>
internal sealed partial class LoginCompletion(
    TimeProvider clock, PorthorMetrics metrics, SessionCookie sessionCookie, PorthorSettings settings, TokenService tokens,
    UserInfoService users,
    ServerIdentity server,
    LoginErrorPage page,
    AlertSink alerts,
    UsedLoginStates usedLogins,
    NumericIds ids,
    ILogger<LoginCompletion> logger,
    ILogger<BrowserSession> sessionLogger,
    ILoginProvider? provider = null)
{
    /// <summary>
    /// Creates the session of the user if the user's groups give any scope, and redirects the browser to its destination. If this fails,
    /// writes the error response. A login creates one session: if its state is sent again, the browser is only redirected.
    /// </summary>
    public async Task SucceedAsync(HttpContext context, LoginIdentity identity)
    {
        try
        {
            var groups = await GroupNamesAsync(identity, context.RequestAborted);
            if (LoginScopes.Of(settings.GroupMapping, groups, settings.AdminUsers.Contains(identity.Username)) is not { } scopes)
            {
                // A correction in the directory must take effect at the next attempt.
                users.RemoveFromCache(identity.Username);
                await FailAsync(context, LoginFailure.NoScopes(identity, [.. groups]));
                return;
            }
            var session = SessionOf(context);
            var before = session.State;
            if (clock.GetUtcNow() - before.LoginStart > UsedLoginStates.Lifetime)
            {
                await FailAsync(context, LoginFailure.WrongState("This login has expired, please start over"));
                return;
            }
            var data = await NumberedAsync(identity, context.RequestAborted);
            // The following steps are completed even if the browser closes the connection, because the first step marks the login as used.
            if (await usedLogins.TryUseAsync(before.State!, CancellationToken.None))
            {
                var token = await tokens.CreateSessionTokenAsync(
                    identity.Username, data, scopes, ForwardedClient.Of(context).Address, CancellationToken.None);
                metrics.LoginSucceeded(clock.GetUtcNow() - before.LoginStart);
                session.State = before.WithoutLogin() with
                {
                    Token = token,
                    GitHub = identity.ProviderToken ?? before.GitHub,
                    Csrf = RenewedCsrf(before),
                };
            }
            else
            {
                // The cookie is not changed, because the browser may have a newer cookie with the session.
                Log.AlreadyUsed(logger);
            }
            Redirection.Write(context, before.ReturnUrl ?? server.AfterLogout(settings));
        }
        catch (UserDirectoryException e)
        {
            await FailAsync(context, LoginFailure.NoDirectory(e, identity));
        }
        catch (StoreUnavailableException e)
        {
            metrics.StoreUnavailable();
            await FailAsync(context, LoginFailure.NoStore(e, identity));
        }
    }

    /// <summary>
    /// Returns a new CSRF value; null if the state has none. The old value is not kept, because another person may have set the cookie
    /// before the login and may know it.
    /// </summary>
    private static string? RenewedCsrf(SessionState before) => before.Csrf is null ? null : SessionCookie.CreateCsrf();

    private async Task<IReadOnlyList<string>> GroupNamesAsync(LoginIdentity identity, CancellationToken cancellationToken) =>
        identity.NumberlessGroups.Count == 0
        ? await users.GetGroupNamesAsync(identity.Username, identity.UserData, cancellationToken)
        : [.. (identity.UserData.Groups ?? []).Select(group => group.Name), .. identity.NumberlessGroups];

    /// <summary>
    /// Returns the user's data with an id for each group. Porthor assigns an id to each group for which the provider sends none.
    /// </summary>
    private async Task<UserData> NumberedAsync(LoginIdentity identity, CancellationToken cancellationToken)
    {
        if (identity.NumberlessGroups.Count == 0)
            return identity.UserData;
        List<Group> groups = [.. identity.UserData.Groups ?? []];
        foreach (var name in identity.NumberlessGroups)
            groups.Add(new Group(name, await ids.GetGidAsync(name, cancellationToken)));
        return identity.UserData with { Groups = [.. groups.OrderBy(group => group.Name, CodePointOrder.Instance)] };
    }

    /// <summary>Shows the user the error, or redirects them to the enrollment URL.</summary>
    public async Task FailAsync(HttpContext context, LoginFailure failure)
    {
        if (failure.SendTo is { } url)
        {
            Log.Enrolling(logger, url.AbsoluteUri);
            metrics.LoginEnrolling();
            context.Response.Headers.CacheControl = CacheControl.NoCacheNoStore;
            Redirection.Write(context, url.AbsoluteUri);
            return;
        }
        if (failure.ProviderToken is { } token && provider is not null)
            await provider.RevokeAsync(token, CancellationToken.None);
        Note(failure);
        if (failure.Alert is { } alert)
            alerts.Raise(alert);
        metrics.LoginFailed();
        var session = SessionOf(context);
        var destination = session.State.ReturnUrl;
        session.State = session.State.WithoutLogin();
        await page.WriteAsync(context, failure, destination is null ? PageAddresses.Tokens : Routes.LoginFor(destination));
    }

    private BrowserSession SessionOf(HttpContext context) => BrowserSession.Of(context, sessionCookie, server, sessionLogger);

    /// <summary>Writes the log line. If there are details, the headline is the message and the details are the error.</summary>
    private void Note(LoginFailure failure)
    {
        var (text, error) = failure.LoggedDetails is { } details
            ? (failure.Headline, details)
            : ("Authentication failed", failure.Headline);
        logger.Log(
            failure.IsSystem ? LogLevel.Error : LogLevel.Warning, default,
                (KeyValuePair<string, object?>[])[new("error", error), .. failure.Facts], exception: null, (_, _) => text);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Login state already used, redirecting without authentication")]
        public static partial void AlreadyUsed(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Redirecting user to enrollment URL")]
        public static partial void Enrolling(ILogger logger, string url);
    }
}
