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
        var challenge = new Challenge(identity.Realm);
        if (access.RequiresSession && session.State.Token is null)
            throw Problem.NotAuthenticated(challenge).ToException();
        var token = FindToken(context, session.State, allowCookies: true, challenge, isAjax: false);
        if (session.State.Token is not null)
            CheckCsrf(context, session.State);

        if (access.AllowsBootstrap && core.BootstrapToken is { } bootstrap && bootstrap.Equals(token))
        {
            var record = TokenRecord.Bootstrap(core.Clock.GetUtcNow());
            RequestLog.Of(context)?.Authenticated(record.Username, record.Username, record.Scopes);
            Log.Bootstrap(logger);
            return new Caller(record, address);
        }

        var found = await GetRecordAsync(context, token, session.State, challenge, isAjax: false);
        if (access.Scope is { } scope && !found.Scopes.Contains(scope))
        {
            var error = PorthorError.PermissionDenied($"Token does not have required scope {scope}");
            Log.PermissionDenied(logger, error.Message);
            throw error.ToException();
        }
        return new Caller(found, address);
    }

    /// <summary>
    /// The record of the token that a proxy was shown (contract/ingress.md 4). The proxy asks with GET whatever the browser
    /// did, so that there is no CSRF value to compare.
    /// </summary>
    /// <exception cref="ProblemException">There is no valid token.</exception>
    /// <exception cref="StoreUnavailableException">The vault did not answer; nothing is known about the token.</exception>
    /// <param name="meanwhile">Told what is remembered of the token, before its record is read: what is begun then costs no time.</param>
    public Task<TokenRecord> AuthenticateForProxyAsync(
        HttpContext context, bool allowCookies, Challenge challenge, bool isAjax, Action<TokenRecord> meanwhile)
    {
        var state = BrowserSession.Read(context, core.SessionCookie, sessionLogger);
        var token = FindToken(context, state, allowCookies, challenge, isAjax);
        if (core.Tokens.Recall(token) is { } remembered)
            meanwhile(remembered);
        return GetRecordAsync(context, token, state, challenge, isAjax);
    }

    /// <summary>Who is signed in with this browser; null if nobody is. A header does not count (contract/login.md 7).</summary>
    /// <exception cref="StoreUnavailableException">The vault did not answer; nothing is known about the session.</exception>
    public async Task<Caller?> AuthenticatePageAsync(HttpContext context)
    {
        var state = BrowserSession.Of(context, core.SessionCookie, identity, sessionLogger).State;
        if (state.Token is not { } token)
            return null;
        RequestLog.Of(context)?.TokenSource("cookie");
        if (await core.Tokens.GetDataAsync(token, context.RequestAborted) is not { } found)
            return null;
        NoteCaller(context, found);
        return new Caller(found, ForwardedClient.Of(context).Address);
    }

    /// <summary>Whether a request repeats the value of its session, which only our pages can read.</summary>
    public static bool ProvesCsrf(SessionState state, string? presented) => state.Csrf is { Length: > 0 } csrf && new Secret(csrf).Matches(presented);

    private async Task<TokenRecord> GetRecordAsync(HttpContext context, Token token, SessionState state, Challenge challenge, bool isAjax)
    {
        if (await core.Tokens.GetDataAsync(token, context.RequestAborted) is not { } found)
        {
            throw state.Token is null
                ? Refused(challenge, PorthorError.InvalidToken("Token is not valid"))
                : Problem.NotAuthenticated(challenge, isAjax).ToException();
        }
        NoteCaller(context, found);
        return found;
    }

    /// <summary>A session's token wins over the header, which may be meant for the application behind us.</summary>
    private Token FindToken(HttpContext context, SessionState state, bool allowCookies, Challenge challenge, bool isAjax)
    {
        var log = RequestLog.Of(context);
        if (allowCookies && state.Token is { } fromCookie)
        {
            log?.TokenSource("cookie");
            return fromCookie;
        }

        var authorization = context.Request.Headers.Authorization;
        var credential = CredentialParser.Parse(authorization.Count > 0 ? authorization[0] : null);
        if (credential.Error is { } error)
            throw Refused(challenge, PorthorError.InvalidRequest(error));
        if (credential.Text is null)
        {
            Log.NoCredentials(logger);
            throw Problem.NotAuthenticated(challenge, isAjax).ToException();
        }
        log?.TokenSource(credential.Source!);
        try
        {
            return Token.Parse(credential.Text);
        }
        catch (PorthorException e)
        {
            throw Refused(challenge, e.Error);
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
        if (ProvesCsrf(state, presented))
            return;
        var error = string.IsNullOrEmpty(presented) && state.Csrf is null
            ? "CSRF token required in X-CSRF-Token header"
            : "Invalid CSRF token";
        Log.CsrfFailed(logger, error);
        throw Problem.InvalidCsrf(error).ToException();
    }

    private ProblemException Refused(Challenge challenge, PorthorError error)
    {
        if (error.Kind == ErrorKind.InvalidRequest)
            Log.InvalidRequest(logger, error.Message);
        else
            Log.InvalidToken(logger, error.Message);
        return Problem.Challenged(challenge, error).ToException();
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

        [LoggerMessage(Level = LogLevel.Debug, Message = "No credentials")]
        public static partial void NoCredentials(ILogger logger);

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
