using System.Diagnostics;
using Porthor.Delegation;
using Porthor.Identity;
using Porthor.Server.Api.Validation;
using Porthor.Server.Hosting;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Tokens;
using Porthor.Users;

namespace Porthor.Server.Ingress;

/// <summary>
/// Answers the authorization subrequests of proxies: reads the rule, decides, and returns the headers that the proxy forwards
/// (contract/ingress.md 3).
/// </summary>
internal sealed partial class IngressHandler(
    PorthorDeployment core,
    Authenticator authenticator,
    ServerIdentity identity,
    RateLimiter limiter,
    TrustedProxies proxies,
    PeerWarnings peerWarnings,
    RuleLog rules,
    ILogger<IngressHandler> logger)
{
    private readonly KnownLocations locations = new();
    private readonly IngressDecision decision = new(core.Settings.Tokens, identity);
    private readonly WebSocketOrigins origins = new(identity, core.Settings.AllowedOrigins);

    /// <summary>Answers <c>/ingress/auth</c>, where a proxy describes the user's request in <c>X-Original-*</c> headers.</summary>
    public Task AuthorizeOriginalAsync(HttpContext context)
    {
        var peer = ForwardedClient.PeerOf(context);
        if (proxies.AcceptsOriginalFrom(peer))
            return AuthorizeAsync(context);
        peerWarnings.Refused(peer!);
        return Problem.Intended(
            StatusCodes.Status403Forbidden, "The authorization subrequest does not come from a trusted proxy", "permission_denied", challenge: null)
            .WriteAsync(context.Response);
    }

    /// <summary>Answers a request whose <c>X-Original-*</c> headers come from a trusted proxy.</summary>
    public Task AuthorizeAsync(HttpContext context)
    {
        var begun = Stopwatch.GetTimestamp();
        if (ForwardedClient.Of(context).Address is null)
            return Problem.MissingClientAddress().WriteAsync(context.Response);
        ValidationErrors? errors = null;
        if (!locations.TryFind(context.Request, out var rule, out var asker))
        {
            Problem? contradiction;
            (rule, asker, errors, contradiction) = Read(context.Request);
            if (contradiction is not null)
                return contradiction.WriteAsync(context.Response);
        }
        else
        {
            RequestLog.Current?.Ingress(rule, asker.Url);
        }
        if (asker is { IsOptions: false })
            return AuthenticateAsync(context, rule, asker, errors, begun);
        return errors is { Any: true } ? Problem.Of(errors).WriteAsync(context.Response) : AnswerOptionsAsync(context, rule!);
    }

    /// <summary>Reads a rule that is not in the cache, and logs its warnings. With <c>strictRules</c> they are errors.</summary>
    private (IngressRule? Rule, IngressAsker? Asker, ValidationErrors Errors, Problem? Contradiction) Read(HttpRequest request)
    {
        var errors = new ValidationErrors();
        var parameters = new IngressParameters(request);
        var rule = parameters.ReadRule(errors);
        if (rule?.FindContradiction() is { } contradiction)
            return (null, null, errors, contradiction.ToProblem());
        var asker = parameters.ReadAsker(identity.Realm, errors);
        if (rule is not null)
            RequestLog.Current?.Ingress(rule, asker?.Url);
        var warnings = parameters.Warnings(core.Settings.Tokens.KnownScopes);
        rules.Warn(KnownLocations.KeyOf(request), warnings);
        if (core.Settings.StrictRules && warnings.Count > 0)
        {
            foreach (var warning in warnings)
                warning.AddTo(errors);
            return (null, asker, errors, null);
        }
        if (rule is not null && asker is not null)
            locations.Remember(request, rule, asker);
        return (rule, asker, errors, null);
    }

    private Task AnswerOptionsAsync(HttpContext context, IngressRule rule)
    {
        var headers = context.Request.Headers;
        var refusal = OptionsDecision.Decide(
            rule, decision, headers.Origin.LastOrDefault(), headers.AccessControlRequestMethod.LastOrDefault());
        if (refusal is not null)
            return RefuseAsync(context, refusal);
        IngressEndpoints.Reflect(context);
        return IngressEndpoints.WriteOkAsync(context.Response);
    }

    /// <summary>Who has no credentials learns that first, whatever else is wrong.</summary>
    private async Task AuthenticateAsync(HttpContext context, IngressRule? rule, IngressAsker asker, ValidationErrors? errors, long begun)
    {
        try
        {
            var shown = authenticator.FindForProxy(context, asker.AllowCookies, asker.Challenge, asker.IsAjax);
            if (shown.Token is not { } token)
            {
                await shown.Refusal!.WriteAsync(context.Response);
                return;
            }
            if (shown.IsAmbient && origins.MustDeny(context.Request.Headers, asker.Url))
            {
                await RefuseAsync(context, IngressRefusal.ForeignWebSocket(context.Request.Headers.Origin.FirstOrDefault()));
                return;
            }
            var reading = core.Tokens.GetDataAsync(token);
            var prepared = rule is null ? default : Prepare(context, rule, asker, token);
            if (await reading is not { } record)
            {
                await authenticator.Unknown(shown, asker.Challenge, asker.IsAjax).WriteAsync(context.Response);
                return;
            }
            authenticator.NoteCaller(record);
            errors?.ThrowIfAny();
            await AnswerAsync(context, rule!, asker, record, prepared, begun);
        }
        catch (StoreUnavailableException e)
        {
            // Nothing is known about the token, so that neither yes nor no is an answer (deviations 14).
            core.Metrics.StoreUnavailable();
            Log.StoreUnavailable(logger, $"{e.Message} ({e.What})", e);
            var problem = Problem.Intended(StatusCodes.Status503ServiceUnavailable, e.Error.Message, "store_unavailable", challenge: null)
                .With("Retry-After", "1");
            context.Response.Clear();
            await problem.WriteAsync(context.Response);
        }
        catch (UserDirectoryException e)
        {
            if (e.IsAway)
                core.Metrics.StoreUnavailable();
            Log.UserInfoFailed(logger, e.Reason, e);
            context.Response.Clear();
            await Unknown(e).WriteAsync(context.Response);
        }
    }

    /// <summary>
    /// What the answer hangs on is not known (contract/ingress.md 9). While the directory is away that is as when a store is; what
    /// it says and cannot be stays so until somebody mends it.
    /// </summary>
    private static Problem Unknown(UserDirectoryException exception)
    {
        if (!exception.IsAway)
            return Problem.Of(exception.Error);
        return Problem.Intended(StatusCodes.Status503ServiceUnavailable, exception.Error.Message, "user_info_failed", challenge: null)
            .With("Retry-After", "1");
    }

    /// <summary>
    /// Decides by what is remembered of a token while its record is being read, and begins what else will be needed if it turns out
    /// to be as it was: so all that a request asks of Redis is one round trip.
    /// </summary>
    private Prepared Prepare(HttpContext context, IngressRule rule, IngressAsker asker, Token token)
    {
        if (core.Tokens.TryGetCached(token) is not { } remembered)
            return default;
        if (decision.Decide(rule, asker, remembered, core.Clock.GetUtcNow()) is { } refusal)
            return new Prepared(remembered, refusal, Counting: null, Child: null);
        var counting = core.Users.TryGetRecent(remembered) is { } user ? limiter.Begin(user, rule.Service) : null;
        return new Prepared(remembered, Refusal: null, counting, RecallChild(context, rule, remembered));
    }

    private async Task AnswerAsync(
        HttpContext context, IngressRule rule, IngressAsker asker, TokenRecord record, Prepared prepared, long begun)
    {
        var refusal = prepared.IsFor(record) ? prepared.Refusal : decision.Decide(rule, asker, record, core.Clock.GetUtcNow());
        if (refusal is not null)
        {
            await RefuseAsync(context, refusal);
            return;
        }
        var user = core.Users.TryGetRecent(record)
            ?? await InTimeAsync(
                core.Users.GetRecentAsync(record, rule.Service, context.RequestAborted).AsTask(), begun, "user information", "looking a user up");
        var (rate, exceeded) = await limiter.CountAsync(user, rule.Service, asker.Challenge, prepared.Counting);
        if (rate is not null)
        {
            RequestLog.Current?.Quota(rate);
            rate.WriteTo(context.Response.Headers);
        }
        if (exceeded is { Event: IngressEvent.RateLimited })
            core.Metrics.RateLimited(UserRules.IsBot(record.Username), rule.Service!);
        if (exceeded is not null)
        {
            await RefuseAsync(context, exceeded);
            return;
        }
        var child = rule.Delegates ? await DelegateAsync(context, rule, asker, record, prepared.Child, begun) : null;
        WriteHeaders(context, rule, record, user, child);
        core.Uses?.Record(record, rule.Service, ForwardedClient.Of(context).Address);
        core.Metrics.Authorized(UserRules.IsBot(record.Username), rule.Service);
        Log.Authorized(logger);
        await IngressEndpoints.WriteOkAsync(context.Response);
    }

    private CachedChildToken? RecallChild(HttpContext context, IngressRule rule, TokenRecord record)
    {
        if (!rule.Delegates)
            return null;
        var caller = new Caller(record, ForwardedClient.Of(context).Address);
        return rule.DelegateTo is { } service
            ? core.Tokens.TryGetCachedInternalToken(caller, service, rule.DelegateScopes.Intersect(record.Scopes))
            : core.Tokens.TryGetCachedNotebookToken(caller);
    }

    /// <summary>The token that goes on in place of the user's.</summary>
    /// <param name="recalled">The child whose record is being read already; it is used if it is the one that is wanted.</param>
    private async Task<Token> DelegateAsync(
        HttpContext context, IngressRule rule, IngressAsker asker, TokenRecord record, CachedChildToken? recalled, long begun)
    {
        const string tokenIndex = "token list", what = "creating a child";
        var caller = new Caller(record, ForwardedClient.Of(context).Address);
        var cancellation = context.RequestAborted;
        try
        {
            return await InTimeAsync(
                rule.DelegateTo is { } service
                    ? core.Tokens.GetInternalTokenAsync(
                        caller, service, rule.DelegateScopes.Intersect(record.Scopes), rule.MinimumLifetime, recalled, cancellation)
                    : core.Tokens.GetNotebookTokenAsync(caller, rule.MinimumLifetime, recalled, cancellation),
                begun,
                tokenIndex,
                what);
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidToken)
        {
            Log.InvalidToken(logger, LogLevel.Information, e.Error.Message);
            throw Problem.Challenged(asker.Challenge, e.Error).ToException();
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.PermissionDenied)
        {
            throw Problem.Intended(StatusCodes.Status403Forbidden, e.Error.Message, "permission_denied", challenge: null).ToException();
        }
    }

    /// <summary>What has not come when the proxy must be answered is not waited for, and goes on by itself.</summary>
    private async ValueTask<T> InTimeAsync<T>(Task<T> work, long begun, string store, string what)
    {
        if (work.IsCompleted)
            return await work;
        var left = core.Settings.AnswerTimeout - Stopwatch.GetElapsedTime(begun);
        try
        {
            return await work.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
        catch (TimeoutException e)
        {
            throw new StoreUnavailableException(store, what, e);
        }
    }

    private static void WriteHeaders(HttpContext context, IngressRule rule, TokenRecord record, UserInfo user, Token? child)
    {
        var headers = context.Response.Headers;
        headers["X-Auth-Request-User"] = HeaderText.Clean(record.Username);
        if (!string.IsNullOrEmpty(user.Email))
            headers["X-Auth-Request-Email"] = HeaderText.Clean(user.Email);
        if (!string.IsNullOrEmpty(record.Service))
            headers["X-Auth-Request-Service"] = HeaderText.Clean(record.Service);
        if (child is not null)
        {
            headers["X-Auth-Request-Token"] = child.Reveal();
            headers.CacheControl = "no-store";
        }
        if (!rule.UseAuthorization)
        {
            IngressEndpoints.Reflect(context);
            return;
        }
        IngressEndpoints.ReflectCookies(context);
        if (child is not null)
            headers.Authorization = $"Bearer {child.Reveal()}";
    }

    private Task RefuseAsync(HttpContext context, IngressRefusal refusal)
    {
        switch (refusal.Event)
        {
            case IngressEvent.Denied:
                Log.PermissionDenied(logger, refusal.Text);
                break;
            case IngressEvent.LivesTooShort:
                Log.InvalidToken(logger, LogLevel.Warning, refusal.Text);
                break;
            case IngressEvent.RateLimited:
                Log.RateLimited(logger, refusal.Text);
                break;
            case IngressEvent.NoPlainOptions:
                Log.NoPlainOptions(logger, refusal.Text);
                break;
            case IngressEvent.ForeignOrigin:
                Log.ForeignOrigin(logger, refusal.Text);
                break;
        }
        return refusal.Problem.WriteAsync(context.Response);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, EventName = DecisionLogFilter.Authorized, Message = "Token authorized")]
        public static partial void Authorized(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Permission denied")]
        public static partial void PermissionDenied(ILogger logger, string error);

        [LoggerMessage(Message = "Invalid token")]
        public static partial void InvalidToken(ILogger logger, LogLevel level, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "Request rejected due to rate limits")]
        public static partial void RateLimited(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "Non-CORS OPTIONS requests not supported")]
        public static partial void NoPlainOptions(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "Cross-origin request not allowed")]
        public static partial void ForeignOrigin(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "Store not available")]
        public static partial void StoreUnavailable(ILogger logger, string error, Exception exception);

        [LoggerMessage(Level = LogLevel.Error, Message = "Unable to get user information")]
        public static partial void UserInfoFailed(ILogger logger, string error, Exception exception);
    }
}
