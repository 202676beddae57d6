using System.Diagnostics;
using Porthor.Server.Api.Validation;
using Porthor.Server.Hosting;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Tokens;
using Porthor.Users;

namespace Porthor.Server.Ingress;

/// <summary>
/// Answers whether a request may pass: reads the question, decides, and says what to pass on (contract/ingress.md 3).
/// </summary>
internal sealed partial class IngressHandler(
    PorthorCore core, Authenticator authenticator, ServerIdentity identity, RateLimiter limiter, ILogger<IngressHandler> logger)
{
    private readonly KnownLocations locations = new();
    private readonly IngressDecision decision = new(core.Settings.Tokens, identity);

    public async Task AuthorizeAsync(HttpContext context)
    {
        try
        {
            await DecideAsync(context);
        }
        catch (StoreUnavailableException e)
        {
            // Nothing is known about the token, so that neither yes nor no is an answer (deviations 14).
            core.Metrics.StoreUnavailable();
            Log.StoreUnavailable(logger, $"{e.Message} ({e.What})", e);
            var problem = Problem.Intended(StatusCodes.Status503ServiceUnavailable, e.Error.Message, "store_unavailable", challenge: null);
            problem.Headers["Retry-After"] = "1";
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
        var problem = Problem.Intended(StatusCodes.Status503ServiceUnavailable, exception.Error.Message, "user_info_failed", challenge: null);
        problem.Headers["Retry-After"] = "1";
        return problem;
    }

    private async Task DecideAsync(HttpContext context)
    {
        var begun = Stopwatch.GetTimestamp();
        if (ForwardedClient.Of(context).Address is null)
            throw Problem.MissingClientAddress().ToException();
        var errors = new ValidationErrors();
        if (!locations.TryFind(context.Request, out var rule, out var asker))
            (rule, asker) = Read(context, errors);
        if (rule is not null)
            RequestLog.Of(context)?.Ingress(rule);
        // Who has no credentials learns that first, whatever else is wrong.
        Counting? counting = null;
        var record = asker is { IsOptions: false }
            ? await authenticator.AuthenticateForProxyAsync(
                context, asker.AllowCookies, asker.Challenge, asker.IsAjax, remembered => counting = BeginCounting(rule, asker, remembered))
            : null;
        errors.ThrowIfAny();
        if (record is null)
            await AnswerOptionsAsync(context, rule!);
        else
            await AnswerAsync(context, rule!, asker!, record, counting, begun);
    }

    private (IngressRule?, IngressAsker?) Read(HttpContext context, ValidationErrors errors)
    {
        var parameters = new IngressParameters(context.Request);
        var rule = parameters.ReadRule(errors);
        rule?.ThrowIfContradictory();
        var asker = parameters.ReadAsker(identity.Realm, errors);
        if (rule is not null && asker is not null)
            locations.Remember(context.Request, rule, asker);
        return (rule, asker);
    }

    private async Task AnswerOptionsAsync(HttpContext context, IngressRule rule)
    {
        var headers = context.Request.Headers;
        var refusal = OptionsDecision.Decide(
            rule, decision, headers.Origin.LastOrDefault(), headers.AccessControlRequestMethod.LastOrDefault());
        Require(refusal);
        IngressEndpoints.Reflect(context);
        await IngressEndpoints.WriteOkAsync(context.Response);
    }

    private async Task AnswerAsync(HttpContext context, IngressRule rule, IngressAsker asker, TokenRecord record, Counting? counting, long begun)
    {
        var cancellation = context.RequestAborted;
        Require(decision.Decide(rule, asker, record, core.Clock.GetUtcNow()));
        var user = core.Users.TryGetRecent(record)
            ?? await InTimeAsync(core.Users.GetRecentAsync(record, rule.Service, cancellation).AsTask(), begun, "user information", "looking a user up");
        var (rate, exceeded) = await limiter.CountAsync(user, rule.Service, asker.Challenge, counting);
        if (rate is not null)
            RequestLog.Of(context)?.Quota(rate);
        if (exceeded is { Event: IngressEvent.RateLimited })
            core.Metrics.RateLimited(UserRules.IsBot(record.Username), rule.Service!);
        Require(exceeded);
        var child = await DelegateAsync(context, rule, asker, record, begun);
        WriteHeaders(context, rule, record, user, rate, child);
        core.Uses?.Record(record, rule.Service, ForwardedClient.Of(context).Address);
        core.Metrics.Authorized(UserRules.IsBot(record.Username), rule.Service);
        Log.Authorized(logger);
        await IngressEndpoints.WriteOkAsync(context.Response);
    }

    /// <summary>
    /// Counts a request in the same round trip that reads its record, if what is remembered of the token says that it will pass.
    /// </summary>
    private Counting? BeginCounting(IngressRule? rule, IngressAsker asker, TokenRecord remembered) =>
        rule?.Service is { } service && decision.Decide(rule, asker, remembered, core.Clock.GetUtcNow()) is null
            && core.Users.TryGetRecent(remembered) is { } user
            ? limiter.Begin(user, service)
            : null;

    /// <summary>The token that goes on in place of the user's; null if none was asked for.</summary>
    private async Task<Token?> DelegateAsync(HttpContext context, IngressRule rule, IngressAsker asker, TokenRecord record, long begun)
    {
        const string ledger = "ledger", what = "creating a child";
        var caller = new Caller(record, ForwardedClient.Of(context).Address);
        try
        {
            if (rule.Notebook)
                return await InTimeAsync(core.Tokens.GetNotebookTokenAsync(caller, rule.MinimumLifetime, context.RequestAborted), begun, ledger, what);
            if (rule.DelegateTo is not { } service)
                return null;
            var scopes = rule.DelegateScopes.Intersect(record.Scopes);
            return await InTimeAsync(
                core.Tokens.GetInternalTokenAsync(caller, service, scopes, rule.MinimumLifetime, context.RequestAborted), begun, ledger, what);
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidToken)
        {
            Log.InvalidToken(logger, LogLevel.Information, e.Error.Message);
            throw Problem.Challenged(asker.Challenge, e.Error).ToException();
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

    private static void WriteHeaders(HttpContext context, IngressRule rule, TokenRecord record, UserInfo user, RateStatus? rate, Token? child)
    {
        var headers = context.Response.Headers;
        headers["X-Auth-Request-User"] = HeaderText.Clean(record.Username);
        if (!string.IsNullOrEmpty(user.Email))
            headers["X-Auth-Request-Email"] = HeaderText.Clean(user.Email);
        if (!string.IsNullOrEmpty(record.Service))
            headers["X-Auth-Request-Service"] = HeaderText.Clean(record.Service);
        if (child is not null)
            headers["X-Auth-Request-Token"] = child.Reveal();
        if (rate is not null)
        {
            Dictionary<string, string> limits = [];
            rate.WriteTo(limits);
            foreach (var (name, value) in limits)
                headers[name] = value;
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

    private void Require(IngressRefusal? refusal)
    {
        if (refusal is null)
            return;
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
        throw refusal.Problem.ToException();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, EventName = DecisionLines.Authorized, Message = "Token authorized")]
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
