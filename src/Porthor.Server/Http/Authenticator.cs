using Porthor.Ingress;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Logging;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Server.Http;

/// <summary>Authenticates requests (contract/api.md 2, ingress.md 4).</summary>
internal sealed partial class Authenticator(
    BootstrapCredential bootstrapCredential,
    SessionCookie sessionCookie,
    TokenService tokens,
    ServerIdentity identity,
    TimeProvider clock,
    ILogger<Authenticator> logger,
    ILogger<BrowserSession> sessionLogger)
{
    /// <summary>Returns the caller of an API route.</summary>
    /// <exception cref="ProblemException">The request has no valid token that the route accepts.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The record store did not respond, so it is unknown whether the token is valid.
    /// </exception>
    public async Task<Caller> AuthenticateAsync(HttpContext context, AccessPolicy access)
    {
        var address = ForwardedClient.Of(context).Address;
        var session = BrowserSession.Of(context, sessionCookie, identity, sessionLogger);
        var challenge = new Challenge(identity.Realm);
        if (access.RequiresSession && session.State.Token is null)
            throw Problem.NotAuthenticated(challenge).ToException();
        var presented = access.RequiresBearer
            ? Find(context, SessionState.Empty, allowCookies: false, onlyBearer: true)
            : Find(context, session.State, allowCookies: true);
        if (presented.Token is not { } token)
            throw (presented.Error is { } error ? Problem.Challenged(challenge, error) : Problem.NotAuthenticated(challenge)).ToException();
        if (presented.HasSession)
            CheckCsrf(context, session.State);

        if (access.AllowsBootstrap && bootstrapCredential.Token is { } bootstrap && bootstrap.Equals(token))
        {
            var record = TokenRecord.Bootstrap(clock.GetUtcNow());
            RequestLog.Current?.Authenticated(record.Username, record.Username, record.Scopes);
            Log.Bootstrap(logger);
            return new Caller(record, address);
        }

        if (await tokens.GetDataAsync(token, context.RequestAborted) is not { } found)
            throw Unknown(presented, challenge).ToException();
        RequestLog.Current?.Authenticated(found, clock.GetUtcNow());
        if (access.Scope is { } scope && !found.Scopes.Contains(scope))
        {
            var error = PorthorError.PermissionDenied($"Token does not have required scope {scope}");
            Log.PermissionDenied(logger, error.Message);
            throw error.ToException();
        }
        return new Caller(found, address);
    }

    /// <summary>
    /// Returns the credential of an authorization subrequest (contract/ingress.md 4). The CSRF token is not checked, because the subrequest
    /// is always a GET request.
    /// </summary>
    public PresentedCredential FindForProxy(HttpContext context, bool allowCookies) =>
        Find(context, BrowserSession.Read(context, sessionCookie, sessionLogger), allowCookies);

    private Problem Unknown(PresentedCredential presented, Challenge challenge)
    {
        if (presented.HasSession)
            return Problem.NotAuthenticated(challenge);
        Log.InvalidToken(logger, DeniedAnswer.UnknownToken.Message);
        return Problem.UnknownToken(challenge);
    }

    /// <summary>Returns the problem for a valid token that a route does not accept.</summary>
    public Problem Refuse(string message)
    {
        Log.InvalidToken(logger, message);
        return Problem.Challenged(new Challenge(identity.Realm), PorthorError.InvalidToken(message));
    }

    /// <summary>
    /// Returns the user who is signed in with this browser; null if no user is signed in. The <c>Authorization</c> header is ignored
    /// (contract/login.md 7).
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// The record store did not respond, so it is unknown whether the session is valid.
    /// </exception>
    public async Task<Caller?> AuthenticatePageAsync(HttpContext context)
    {
        var state = BrowserSession.Of(context, sessionCookie, identity, sessionLogger).State;
        if (state.Token is not { } token)
            return null;
        RequestLog.Current?.TokenSource(PresentedCredential.CookieSource);
        if (await tokens.GetDataAsync(token, context.RequestAborted) is not { } found)
            return null;
        RequestLog.Current?.Authenticated(found, clock.GetUtcNow());
        return new Caller(found, ForwardedClient.Of(context).Address);
    }

    /// <summary>Returns whether a request contains the CSRF token of its session. Only pages of Porthor can read this token.</summary>
    public static bool ProvesCsrf(SessionState state, string? presented) =>
        state.Csrf is { Length: > 0 } csrf && new Secret(csrf).Matches(presented);

    /// <summary>
    /// Finds the credential of a request. If the session cookie has a token, the <c>Authorization</c> header is ignored, because it can
    /// contain a credential for the application.
    /// </summary>
    private PresentedCredential Find(HttpContext context, SessionState state, bool allowCookies, bool onlyBearer = false)
    {
        var hasSession = state.Token is not null;
        var log = RequestLog.Current;
        if (allowCookies && state.Token is { } fromCookie)
        {
            log?.TokenSource(PresentedCredential.CookieSource);
            return new PresentedCredential(fromCookie, Error: null, hasSession, PresentedCredential.CookieSource);
        }

        var authorization = context.Request.Headers.Authorization;
        var credential = CredentialParser.Parse(authorization.Count > 0 ? authorization[0] : null, onlyBearer);
        if (credential.Source is { } source)
            log?.TokenSource(source);
        if (credential.Error is { } error)
            return Bad(PorthorError.InvalidRequest(error), hasSession);
        if (!credential.Text.HasValue)
        {
            Log.NoCredentials(logger);
            return new PresentedCredential(Token: null, Error: null, hasSession);
        }
        return Token.TryParse(credential.Text, out var token)
            ? new PresentedCredential(token, Error: null, hasSession, credential.Source)
            : Bad(Token.ErrorOf(credential.Text), hasSession);
    }

    /// <summary>
    /// Requires the CSRF token in a request that changes data. A browser sends the session cookie also with requests of other sites, but
    /// only pages of Porthor can read the CSRF token.
    /// </summary>
    private void CheckCsrf(HttpContext context, SessionState state)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
            return;
        var presented = context.Request.Headers["X-CSRF-Token"].LastOrDefault();
        if (ProvesCsrf(state, presented))
            return;
        // The first message is only for the case that both are absent or both are empty (contract/api.md 2.2).
        var error = string.IsNullOrEmpty(presented) && presented == state.Csrf
            ? "CSRF token required in X-CSRF-Token header"
            : "Invalid CSRF token";
        Log.CsrfFailed(logger, error);
        throw Problem.InvalidCsrf(error).ToException();
    }

    /// <summary>Logs why a credential cannot be used.</summary>
    private PresentedCredential Bad(PorthorError error, bool hasSession)
    {
        if (error.Kind == ErrorKind.InvalidRequest)
            Log.InvalidRequest(logger, error.Message);
        else
            Log.InvalidToken(logger, error.Message);
        return new PresentedCredential(Token: null, error, hasSession);
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
