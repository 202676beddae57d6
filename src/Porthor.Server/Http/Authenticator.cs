using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Logging;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Server.Http;

/// <summary>What a request shows to say who sends it: a token, or why it is refused without one.</summary>
/// <param name="HasSession">Its cookie holds a token, whether that is the one or not.</param>
/// <param name="Source">The source of the token in the terms of the log; null without a token.</param>
internal readonly record struct PresentedCredential(Token? Token, Problem? Refusal, bool HasSession, string? Source = null)
{
    /// <summary>
    /// Whether browsers send the credential with every request to the host, also with those that a foreign page causes: cookies, and the
    /// credentials of HTTP Basic.
    /// </summary>
    public bool IsAmbient => Source is not null and not CredentialParser.BearerSource;
}

/// <summary>Finds out who sent a request (contract/api.md 2, ingress.md 4).</summary>
internal sealed partial class Authenticator(
    BootstrapCredential bootstrapCredential, TimeProvider clock, SessionCookie sessionCookie, TokenService tokens, ServerIdentity identity, ILogger<Authenticator> logger, ILogger<BrowserSession> sessionLogger)
{
    /// <summary>The caller of the API, if the request shows a valid token that the route accepts.</summary>
    /// <exception cref="ProblemException">It does not.</exception>
    /// <exception cref="StoreUnavailableException">The record store did not answer; nothing is known about the token.</exception>
    public async Task<Caller> AuthenticateAsync(HttpContext context, AccessPolicy access)
    {
        var address = ForwardedClient.Of(context).Address;
        var session = BrowserSession.Of(context, sessionCookie, identity, sessionLogger);
        var challenge = new Challenge(identity.Realm);
        if (access.RequiresSession && session.State.Token is null)
            throw Problem.NotAuthenticated(challenge).ToException();
        var shown = Find(context, session.State, allowCookies: true, challenge, isAjax: false);
        if (shown.Token is not { } token)
            throw shown.Refusal!.ToException();
        if (shown.HasSession)
            CheckCsrf(context, session.State);

        if (access.AllowsBootstrap && bootstrapCredential.Token is { } bootstrap && bootstrap.Equals(token))
        {
            var record = TokenRecord.Bootstrap(clock.GetUtcNow());
            RequestLog.Current?.Authenticated(record.Username, record.Username, record.Scopes);
            Log.Bootstrap(logger);
            return new Caller(record, address);
        }

        if (await tokens.GetDataAsync(token, context.RequestAborted) is not { } found)
            throw Unknown(shown, challenge, isAjax: false).ToException();
        NoteCaller(found);
        if (access.Scope is { } scope && !found.Scopes.Contains(scope))
        {
            var error = PorthorError.PermissionDenied($"Token does not have required scope {scope}");
            Log.PermissionDenied(logger, error.Message);
            throw error.ToException();
        }
        return new Caller(found, address);
    }

    /// <summary>
    /// What a proxy was shown (contract/ingress.md 4). It asks with GET whatever the browser did, so that there is no CSRF value to
    /// compare. Refusals are values here, since they are much of what is asked.
    /// </summary>
    public PresentedCredential FindForProxy(HttpContext context, bool allowCookies, Challenge challenge, bool isAjax) =>
        Find(context, BrowserSession.Read(context, sessionCookie, sessionLogger), allowCookies, challenge, isAjax);

    /// <summary>The refusal of a token that is not valid.</summary>
    public Problem Unknown(PresentedCredential shown, Challenge challenge, bool isAjax)
    {
        if (shown.HasSession)
            return Problem.NotAuthenticated(challenge, isAjax);
        Log.InvalidToken(logger, Problem.Unknown.Message);
        return Problem.UnknownToken(challenge);
    }

    /// <summary>Who is signed in with this browser; null if nobody is. A header does not count (contract/login.md 7).</summary>
    /// <exception cref="StoreUnavailableException">The record store did not answer; nothing is known about the session.</exception>
    public async Task<Caller?> AuthenticatePageAsync(HttpContext context)
    {
        var state = BrowserSession.Of(context, sessionCookie, identity, sessionLogger).State;
        if (state.Token is not { } token)
            return null;
        RequestLog.Current?.TokenSource("cookie");
        if (await tokens.GetDataAsync(token, context.RequestAborted) is not { } found)
            return null;
        NoteCaller(found);
        return new Caller(found, ForwardedClient.Of(context).Address);
    }

    /// <summary>Whether a request repeats the value of its session, which only our pages can read.</summary>
    public static bool ProvesCsrf(SessionState state, string? presented) => state.Csrf is { Length: > 0 } csrf && new Secret(csrf).Matches(presented);

    /// <summary>Puts whose request it is into its lines of log.</summary>
    public void NoteCaller(TokenRecord record)
    {
        if (RequestLog.Current is not { } log)
            return;
        log.Authenticated(record.Token.Key.Value, record.Username, record.Scopes);
        log.Lifetime(record.Expires is { } expires ? (long)(expires - clock.GetUtcNow()).TotalSeconds : null);
    }

    /// <summary>A session's token wins over the header, which may be meant for the application behind us.</summary>
    private PresentedCredential Find(HttpContext context, SessionState state, bool allowCookies, Challenge challenge, bool isAjax)
    {
        var hasSession = state.Token is not null;
        var log = RequestLog.Current;
        if (allowCookies && state.Token is { } fromCookie)
        {
            log?.TokenSource("cookie");
            return new PresentedCredential(fromCookie, Refusal: null, hasSession, "cookie");
        }

        var authorization = context.Request.Headers.Authorization;
        var credential = CredentialParser.Parse(authorization.Count > 0 ? authorization[0] : null);
        if (credential.Source is { } source)
            log?.TokenSource(source);
        if (credential.Error is { } error)
            return new PresentedCredential(Token: null, Refuse(challenge, PorthorError.InvalidRequest(error)), hasSession);
        if (!credential.Text.HasValue)
        {
            Log.NoCredentials(logger);
            return new PresentedCredential(Token: null, Problem.NotAuthenticated(challenge, isAjax), hasSession);
        }
        return Token.TryParse(credential.Text, out var token)
            ? new PresentedCredential(token, Refusal: null, hasSession, credential.Source)
            : new PresentedCredential(Token: null, Refuse(challenge, Token.FaultOf(credential.Text)), hasSession);
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
        // Only if both are absent or both are empty (contract/api.md 2.2).
        var error = string.IsNullOrEmpty(presented) && presented == state.Csrf
            ? "CSRF token required in X-CSRF-Token header"
            : "Invalid CSRF token";
        Log.CsrfFailed(logger, error);
        throw Problem.InvalidCsrf(error).ToException();
    }

    private Problem Refuse(Challenge challenge, PorthorError error)
    {
        if (error.Kind == ErrorKind.InvalidRequest)
            Log.InvalidRequest(logger, error.Message);
        else
            Log.InvalidToken(logger, error.Message);
        return Problem.Challenged(challenge, error);
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
