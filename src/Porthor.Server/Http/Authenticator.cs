using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Server.Logging;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Server.Http;

/// <summary>Finds out who sent a request to the API (contract/api.md 2).</summary>
internal sealed partial class Authenticator(
    PorthorCore core, ServerIdentity identity, ILogger<Authenticator> logger, ILogger<BrowserSession> sessionLogger)
{
    /// <summary>The caller, if the request shows a valid token that the route accepts.</summary>
    /// <exception cref="ProblemException">It does not.</exception>
    /// <exception cref="StoreUnavailableException">The vault did not answer; nothing is known about the token.</exception>
    public async Task<Caller> AuthenticateAsync(HttpContext context, Access access)
    {
        var address = ForwardedClient.Of(context).Address;
        var session = BrowserSession.Of(context, core.SessionCookie, identity, sessionLogger);
        var token = FindToken(context, session.State, access);
        if (session.State.Token is not null)
            CheckCsrf(context, session.State);

        if (access.AllowsBootstrap && core.BootstrapToken is { } bootstrap && bootstrap.Equals(token))
        {
            var record = TokenRecord.Bootstrap(core.Clock.GetUtcNow());
            RequestLog.Of(context)?.Authenticated(record.Username, record.Username, record.Scopes);
            Log.Bootstrap(logger);
            return new Caller(record, address);
        }

        var found = await core.Tokens.GetDataAsync(token, context.RequestAborted);
        if (found is null)
        {
            throw session.State.Token is null
                ? Refused(PorthorError.InvalidToken("Token is not valid"))
                : Problem.NotAuthenticated(identity.Realm).ToException();
        }
        NoteCaller(context, found);
        if (access.Scope is { } scope && !found.Scopes.Contains(scope))
        {
            var error = PorthorError.PermissionDenied($"Token does not have required scope {scope}");
            Log.PermissionDenied(logger, error.Message);
            throw error.ToException();
        }
        return new Caller(found, address);
    }

    /// <summary>A session's token wins over the header, which may be meant for the application behind us.</summary>
    private Token FindToken(HttpContext context, SessionState state, Access access)
    {
        var log = RequestLog.Of(context);
        if (state.Token is { } fromCookie)
        {
            log?.TokenSource("cookie");
            return fromCookie;
        }
        if (access.RequiresSession)
            throw Problem.NotAuthenticated(identity.Realm).ToException();

        var authorization = context.Request.Headers.Authorization;
        var credential = CredentialParser.Parse(authorization.Count > 0 ? authorization[0] : null);
        if (credential.Error is { } error)
            throw Refused(PorthorError.InvalidRequest(error));
        if (credential.Text is null)
            throw Problem.NotAuthenticated(identity.Realm).ToException();
        log?.TokenSource(credential.Source!);
        try
        {
            return Token.Parse(credential.Text);
        }
        catch (PorthorException e)
        {
            throw Refused(e.Error);
        }
    }

    /// <summary>
    /// A browser sends its cookie with whatever any page makes it send. That one of our pages meant it, a write proves by
    /// repeating a value that only our pages can read.
    /// </summary>
    private void CheckCsrf(HttpContext context, SessionState state)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
            return;
        var presented = context.Request.Headers["X-CSRF-Token"].LastOrDefault();
        if (state.Csrf is { Length: > 0 } csrf && new Secret(csrf).Matches(presented))
            return;
        var error = string.IsNullOrEmpty(presented) && state.Csrf is null
            ? "CSRF token required in X-CSRF-Token header"
            : "Invalid CSRF token";
        Log.CsrfFailed(logger, error);
        throw Problem.InvalidCsrf(error).ToException();
    }

    private ProblemException Refused(PorthorError error)
    {
        if (error.Kind == ErrorKind.InvalidRequest)
            Log.InvalidRequest(logger, error.Message);
        else
            Log.InvalidToken(logger, error.Message);
        return Problem.Challenge(identity.Realm, error).ToException();
    }

    private void NoteCaller(HttpContext context, TokenRecord record)
    {
        if (RequestLog.Of(context) is not { } log)
            return;
        log.Authenticated(record.Token.Key.Value, record.Username, record.Scopes);
        log.Lifetime(record.Expires is { } expires ? (long)(expires - core.Clock.GetUtcNow()).TotalSeconds : null);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Authenticated with bootstrap token")]
        public static partial void Bootstrap(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Permission denied")]
        public static partial void PermissionDenied(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "Invalid token")]
        public static partial void InvalidToken(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "Invalid request")]
        public static partial void InvalidRequest(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "CSRF verification failed")]
        public static partial void CsrfFailed(ILogger logger, string error);
    }
}
