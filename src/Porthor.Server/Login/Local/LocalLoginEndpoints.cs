using System.Globalization;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Values;
using Porthor.Server.Web;
using Porthor.Server.Web.Pages;
using Porthor.Sessions;
using Porthor.Telemetry;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Handles <c>/auth/login</c>, the login form. The form is accepted only from the browser that received it, and only from a page of
/// Porthor. Otherwise an attacker could log a user in to the attacker's account and see what the user does there.
/// </summary>
internal sealed partial class LocalLoginEndpoints(
    PorthorMetrics metrics, SessionCookie sessionCookie, PorthorSettings settings,
    ServerIdentity server,
    LocalLogin login,
    LoginCompletion completion,
    ILogger<LocalLoginEndpoints> logger,
    ILogger<BrowserSession> sessionLogger)
{
    /// <summary>
    /// The policy of the form. The response to the form redirects to the destination of the user, which can redirect to other hosts.
    /// Browsers apply <c>form-action</c> to all these redirects.
    /// </summary>
    private static readonly PagePolicy Policy = new() { Forms = "'self' https: http:" };

    private static readonly TimeSpan DeviceIsKnownFor = TimeSpan.FromDays(400);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.LoginForm, (HttpContext context, LocalLoginEndpoints local) => local.ShowAsync(context)).AsPage();
        routes.MapPost(Routes.LoginForm, (HttpContext context, LocalLoginEndpoints local) => local.SubmitAsync(context)).AsPage();
    }

    private Task ShowAsync(HttpContext context) => SessionOf(context).State.Attempt() is { } attempt
        ? WriteAsync(context, StatusCodes.Status200OK, new SignInView(Routes.LoginForm, attempt.State))
        : RedirectAsync(context);

    private async Task SubmitAsync(HttpContext context)
    {
        var form = await LocalLoginForm.ReadAsync(context.Request, context.RequestAborted);
        if (ForwardedClient.Of(context).Address is null)
            throw Problem.MissingClientAddress().ToException();
        if (!FormOrigin.IsOurs(context.Request.Headers, server.BaseUrl))
        {
            // The login in progress continues, because a page of another site can make the browser send this request.
            Log.Foreign(logger);
            throw Problem.Of(StatusCodes.Status403Forbidden, "The form was sent from another site", "foreign_form").ToException();
        }
        if (SessionOf(context).State.Attempt() is not { } attempt)
            await RedirectAsync(context);
        else if (!new Secret(attempt.State).Matches(form.State))
            await completion.FailAsync(context, LoginFailure.WrongState("Authentication state mismatch, please start over"));
        else
        {
            RequestLog.Current?.ReturnUrl(SessionOf(context).State.ReturnUrl);
            await TryAsync(context, attempt, form);
        }
    }

    private async Task TryAsync(HttpContext context, LoginAttempt attempt, LocalLoginForm form)
    {
        var cookie = RequestCookies.Find(context.Request.Headers.Cookie, KnownDeviceCookie.CookieName);
        var address = ForwardedClient.Of(context).Address;
        var outcome = await login.TryAsync(form.Username, form.Password.Reveal(), address, cookie, context.RequestAborted);
        if (outcome.Result == LocalLoginResult.Right)
        {
            KeepDevice(context.Response, outcome.DeviceCookie!);
            await completion.SucceedAsync(context, new LoginIdentity(outcome.User!.Username, outcome.User.Data));
            return;
        }
        var (status, message) = ResponseFor(outcome);
        Log.Failed(logger, message, outcome.User?.Username);
        if (outcome.Result == LocalLoginResult.Wrong)
            metrics.LoginFailed();
        else
            metrics.LoginRefused();
        if (outcome.Wait > TimeSpan.Zero)
            context.Response.Headers.RetryAfter = Seconds(outcome.Wait);
        await WriteAsync(
            context, status,
            new SignInView(Routes.LoginForm, attempt.State, UserRules.IsUsername(form.Username) ? form.Username : "", message));
    }

    private static Task WriteAsync(HttpContext context, int status, SignInView view) =>
        new PageResult<SignInPage, SignInView>(view, status) { Policy = Policy }.ExecuteAsync(context);

    /// <summary>Returns the status and the message. They do not depend on whether the user exists.</summary>
    private static (int Status, string Message) ResponseFor(LocalLoginOutcome outcome) => outcome.Result switch
    {
        LocalLoginResult.TooManyFailures =>
            (StatusCodes.Status429TooManyRequests, $"Too many failed logins. Try again in {Seconds(outcome.Wait)} seconds."),
        LocalLoginResult.Busy =>
            (StatusCodes.Status503ServiceUnavailable, "Too many users are logging in at the moment. Try again in a few seconds."),
        _ => (StatusCodes.Status403Forbidden, "Wrong username or password."),
    };

    /// <summary>Redirects the browser if another tab has completed the login or no login is in progress.</summary>
    private Task RedirectAsync(HttpContext context)
    {
        Log.Finished(logger);
        Redirection.Write(context, SessionOf(context).State.ReturnUrl ?? server.AfterLogout(settings));
        return Task.CompletedTask;
    }

    private void KeepDevice(HttpResponse response, string cookie) => response.Headers.Append(
        "Set-Cookie",
        $"{KnownDeviceCookie.CookieName}={cookie}; HttpOnly; Max-Age={Seconds(DeviceIsKnownFor)}; Path={Routes.LoginForm}; "
        + $"SameSite=strict{(server.IsSecure ? "; Secure" : "")}");

    private static string Seconds(TimeSpan time) => Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private BrowserSession SessionOf(HttpContext context) => BrowserSession.Of(context, sessionCookie, server, sessionLogger);

    private static partial class Log
    {
        /// <param name="username">
        /// The username; null if no user has this name. Unknown names are not logged, because users sometimes type their password there.
        /// </param>
        [LoggerMessage(Level = LogLevel.Warning, Message = "Authentication failed")]
        public static partial void Failed(ILogger logger, string error, string? username);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Login form sent from another site")]
        public static partial void Foreign(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Login state missing, redirecting without authentication")]
        public static partial void Finished(ILogger logger);
    }
}
