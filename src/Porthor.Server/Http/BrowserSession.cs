using Porthor.Sessions;

namespace Porthor.Server.Http;

/// <summary>
/// Represents the state cookie of a request (contract/login.md 1). The cookie is read on first access, and is sent again if the state was
/// changed.
/// </summary>
internal sealed partial class BrowserSession
{
    private readonly SessionState original;
    private bool isDiscarded;

    private BrowserSession(SessionState original)
    {
        this.original = original;
        State = original;
    }

    public SessionState State { get; set; }

    /// <summary>Discards all changes after an error: the browser keeps its cookie.</summary>
    public static void Discard(HttpContext context)
    {
        if (context.Features.Get<BrowserSession>() is { } session)
            session.isDiscarded = true;
    }

    public static BrowserSession Of(HttpContext context, SessionCookie cookie, ServerIdentity identity, ILogger<BrowserSession> logger)
    {
        if (context.Features.Get<BrowserSession>() is { } known)
            return known;
        var session = new BrowserSession(LongReturnUrl.Restore(context, cookie, Read(context, cookie, logger)));
        context.Features.Set(session);
        context.Response.OnStarting(() =>
        {
            if (session.State != session.original && !session.isDiscarded)
                context.Response.Headers.Append(
                    "Set-Cookie", Write(LongReturnUrl.Write(context, cookie, session.State, identity), identity));
            return Task.CompletedTask;
        });
        return session;
    }

    /// <summary>Reads the state of a request without the possibility to change the cookie.</summary>
    public static SessionState Read(HttpContext context, SessionCookie cookie, ILogger logger)
    {
        if (context.Request.Headers.Cookie.Count == 0)
            return SessionState.Empty;
        if (RequestCookies.Find(context.Request.Headers.Cookie, SessionCookie.Name) is not { } value)
            return SessionState.Empty;
        if (cookie.TryRead(value, out var error) is { } state)
            return state;
        Log.Discarded(logger, error);
        return SessionState.Empty;
    }

    /// <summary>
    /// Formats the cookie as the reference does: quoted if the value has padding, and without expiration (a session cookie).
    /// </summary>
    private static string Write(string value, ServerIdentity identity)
    {
        var quoted = value.EndsWith('=') ? $"\"{value}\"" : value;
        var secure = identity.IsSecure ? "; Secure" : "";
        return $"{SessionCookie.Name}={quoted}; {identity.CookieDomain}HttpOnly; Path=/; SameSite=lax{secure}";
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Discarding invalid state cookie")]
        public static partial void Discarded(ILogger logger, string error);
    }
}
