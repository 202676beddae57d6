using Porthor.Identity;
using Porthor.Ingress;
using Porthor.Server.Logging;
using Porthor.Telemetry;
using Porthor.Tokens;

namespace Porthor.Server.Ingress;

/// <summary>
/// Adds the user and the quota to the log fields of the request as soon as the authorization has determined them, and counts failures of
/// the rate limit.
/// </summary>
internal sealed class IngressObserver(PorthorMetrics metrics, TimeProvider clock) : IIngressObserver
{
    public void Authenticated(TokenRecord record) => RequestLog.Current?.Authenticated(record, clock.GetUtcNow());

    public void Counted(RateStatus quota) => RequestLog.Current?.Quota(quota);

    public void CountFailed() => metrics.RateLimitFailed();
}

/// <summary>Records the answers to authorization subrequests in log lines and metrics (contract/ingress.md 12, 13).</summary>
internal sealed partial class IngressRecorder(PorthorMetrics metrics, ILogger<IngressRecorder> logger)
{
    /// <summary>Records an answer.</summary>
    public void Record(IngressRequest request, IngressAnswer answer)
    {
        RequestLog.Current?.Decided(answer.Outcome);
        if (answer is DeniedAnswer denied)
            Record(request, denied);
        else if (answer is AllowedAnswer { Record: { } record })
            RecordAllowed(request, record);
    }

    private void RecordAllowed(IngressRequest request, TokenRecord record)
    {
        metrics.Authorized(UserRules.IsBot(record.Username), request.Rule?.Service);
        Log.Authorized(logger);
    }

    private void Record(IngressRequest request, DeniedAnswer denied)
    {
        if (denied is { Event: IngressEvent.RateLimited, Quota: { } quota })
            metrics.RateLimited(UserRules.IsBot(quota.Username), request.Rule!.Service!);
        if (denied is { Cause: not null, Outcome: AuthorizationOutcome.Unavailable })
            metrics.StoreUnavailable();
        switch (denied.Event)
        {
            case IngressEvent.Denied:
                Log.PermissionDenied(logger, denied.LogText);
                break;
            case IngressEvent.InvalidToken:
                Log.InvalidToken(logger, LogLevel.Information, denied.LogText);
                break;
            case IngressEvent.ExpiresTooEarly:
                Log.InvalidToken(logger, LogLevel.Warning, denied.LogText);
                break;
            case IngressEvent.RateLimited:
                Log.RateLimited(logger, denied.LogText);
                break;
            case IngressEvent.NoPlainOptions:
                Log.NoPlainOptions(logger, denied.LogText);
                break;
            case IngressEvent.ForeignOrigin:
                Log.ForeignOrigin(logger, denied.LogText);
                break;
            case IngressEvent.StoreUnavailable when denied.Cause is StoreUnavailableException e:
                Log.StoreUnavailable(logger, e.LogText, e);
                break;
            case IngressEvent.UserInfoFailed when denied.Cause is UserDirectoryException e:
                Log.UserInfoFailed(logger, e.Reason, e);
                break;
        }
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
