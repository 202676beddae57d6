using System.Diagnostics;
using Porthor.Delegation;
using Porthor.Identity;
using Porthor.Operations;
using Porthor.Tokens;
using Porthor.Usage;
using Porthor.Users;

namespace Porthor.Ingress;

/// <summary>
/// Determines the answers to authorization subrequests (contract/ingress.md 3). It does not depend on the protocol between the proxy and
/// Porthor: the caller parses the request and writes the answer.
/// </summary>
/// <param name="tokens">Reads records and creates child tokens.</param>
/// <param name="users">Reads the user information, with the quota.</param>
/// <param name="limiter">Counts requests.</param>
/// <param name="options">The settings.</param>
/// <param name="hosts">The hosts of the deployment.</param>
/// <param name="observer">Receives the results of the steps of each authorization.</param>
/// <param name="clock">The clock for the lifetime of tokens.</param>
/// <param name="usage">Receives usage events; null if usage is not recorded.</param>
public sealed class IngressAuthorizer(
    TokenService tokens,
    UserInfoService users,
    RateLimiter limiter,
    IngressOptions options,
    IDeploymentHosts hosts,
    IIngressObserver observer,
    TimeProvider clock,
    TokenUsageBuffer? usage = null)
{
    private readonly IngressDecision decision = new(options.Tokens, hosts);
    private readonly WebSocketOrigins origins = new(hosts, options.AllowedOrigins);

    /// <summary>
    /// Determines the answer to a subrequest. If the record of the token is cached, the operations that the answer requires begin while the
    /// current record is being read, so that all of them together need one round trip.
    /// </summary>
    /// <returns>The answer. If a store or the user directory fails, the method returns a denial and does not throw.</returns>
    /// <exception cref="OperationCanceledException">The request was cancelled before the answer was complete.</exception>
    public ValueTask<IngressAnswer> AuthorizeAsync(IngressRequest request, CancellationToken cancellationToken)
    {
        if (request.Preflight is { } preflight)
            return new(AnswerPreflight(request.Rule, preflight));
        if (request.Credential.Token is not { } token)
            return new(DenyCredential(request));
        if (request.Credential.IsAmbient && request.WebSocketOrigins is { } from && !origins.AreAllowed(from, request.Url))
            return new(WebSocketOrigins.Deny(from));
        return ReadAsync(request, token, cancellationToken);
    }

    private IngressAnswer AnswerPreflight(IngressRule? rule, CorsPreflight preflight) =>
        rule is null ? DeniedAnswer.InvalidRule : OptionsDecision.Decide(rule, hosts, preflight) ?? (IngressAnswer)AllowedAnswer.Preflight;

    private static DeniedAnswer DenyCredential(IngressRequest request) => request.Credential.Error is { } error
        ? DeniedAnswer.BadCredential(request.ChallengeType, error)
        : DeniedAnswer.Unauthenticated(request.ChallengeType, request.IsAjax);

    /// <summary>
    /// Reads the record of the token, and determines the answer. If the token is not valid, the request is denied for this reason even if
    /// the rule is invalid as well.
    /// </summary>
    private async ValueTask<IngressAnswer> ReadAsync(IngressRequest request, Token token, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var reading = tokens.GetDataAsync(token, CancellationToken.None);
            var prefetched = request.Rule is null ? default : Prefetch(request, request.Rule, token);
            if (await reading is not { } record)
            {
                return request.Credential.HasSession
                    ? DeniedAnswer.Unauthenticated(request.ChallengeType, request.IsAjax)
                    : DeniedAnswer.Unknown(request.ChallengeType);
            }
            observer.Authenticated(record);
            return request.Rule is null
                ? DeniedAnswer.InvalidRule
                : await AnswerAsync(request, request.Rule, record, prefetched, started, cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            return DeniedAnswer.Unavailable(e);
        }
        catch (UserDirectoryException e)
        {
            return DeniedAnswer.WithoutUserInfo(e);
        }
    }

    /// <summary>
    /// Determines the decision for the cached record while the current record is being read, and begins the other operations that the
    /// answer requires if the record has not changed.
    /// </summary>
    private PrefetchedDecision Prefetch(IngressRequest request, IngressRule rule, Token token)
    {
        if (tokens.TryGetCached(token) is not { } cached)
            return default;
        if (decision.Decide(rule, request, cached, clock.GetUtcNow()) is { } denial)
            return new PrefetchedDecision(cached, denial, Count: null, Child: null);
        var count = users.TryGetRecent(cached) is { } user ? limiter.Begin(user, rule.Service) : null;
        return new PrefetchedDecision(cached, Denial: null, count, PrefetchChild(request, rule, cached));
    }

    private CachedChildToken? PrefetchChild(IngressRequest request, IngressRule rule, TokenRecord record)
    {
        if (!rule.Delegates)
            return null;
        var caller = new Caller(record, request.ClientAddress);
        return rule.DelegateTo is { } service
            ? tokens.TryGetCachedInternalToken(caller, service, rule.DelegateScopes.Intersect(record.Scopes))
            : tokens.TryGetCachedNotebookToken(caller);
    }

    private async ValueTask<IngressAnswer> AnswerAsync(
        IngressRequest request, IngressRule rule, TokenRecord record, PrefetchedDecision prefetched, long started,
        CancellationToken cancellationToken)
    {
        var denial = prefetched.IsFor(record) ? prefetched.Denial : decision.Decide(rule, request, record, clock.GetUtcNow());
        if (denial is not null)
            return denial;
        var user = users.TryGetRecent(record)
            ?? await InTimeAsync(
                users.GetRecentAsync(record, rule.Service, cancellationToken).AsTask(), started, "user information", "looking a user up");
        var (quota, exceeded) = await limiter.CountAsync(user, rule.Service, request.ChallengeType, prefetched.Count);
        if (quota is not null)
            observer.Counted(quota);
        if (exceeded is not null)
            return exceeded;
        Token? child = null;
        if (rule.Delegates)
        {
            try
            {
                child = await InTimeAsync(
                    GetChildAsync(request, rule, record, prefetched.Child, cancellationToken), started, "token list", "creating a child");
            }
            catch (PorthorException e) when (DenyDelegation(request, e.Error) is { } notDelegated)
            {
                return notDelegated;
            }
        }
        usage?.Record(record, rule.Service, request.ClientAddress);
        return new AllowedAnswer
        {
            Record = record,
            User = user,
            ChildToken = child,
            ReplacesAuthorization = rule.UseAuthorization,
            Quota = quota,
        };
    }

    /// <summary>
    /// Returns the child token that the application receives. The prefetched child token is used if it meets the requirements of the rule.
    /// </summary>
    private Task<Token> GetChildAsync(
        IngressRequest request, IngressRule rule, TokenRecord record, CachedChildToken? prefetched, CancellationToken cancellationToken)
    {
        var caller = new Caller(record, request.ClientAddress);
        return rule.DelegateTo is { } service
            ? tokens.GetInternalTokenAsync(
                caller, service, rule.DelegateScopes.Intersect(record.Scopes), rule.MinimumLifetime, prefetched, cancellationToken)
            : tokens.GetNotebookTokenAsync(caller, rule.MinimumLifetime, prefetched, cancellationToken);
    }

    /// <summary>
    /// Returns the answer if no child token can be created; null if a store or the directory failed. The caller handles these
    /// failures.
    /// </summary>
    private static DeniedAnswer? DenyDelegation(IngressRequest request, PorthorError error) => error.Kind switch
    {
        ErrorKind.InvalidToken => DeniedAnswer.NotDelegated(request.ChallengeType, error),
        ErrorKind.PermissionDenied => DeniedAnswer.Refused(403, "permission_denied", error.Message),
        ErrorKind.StoreUnavailable or ErrorKind.UserInfoFailed => null,
        _ => DeniedAnswer.Invalid(error),
    };

    /// <summary>Waits for an operation until the answer timeout; after that the operation continues in the background.</summary>
    /// <exception cref="StoreUnavailableException">The operation has not completed in time.</exception>
    private async ValueTask<T> InTimeAsync<T>(Task<T> work, long started, string store, string operation)
    {
        if (work.IsCompleted)
            return await work;
        var remaining = options.AnswerTimeout - Stopwatch.GetElapsedTime(started);
        try
        {
            return await work.WaitAsync(remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero);
        }
        catch (TimeoutException e)
        {
            throw new StoreUnavailableException(store, operation, e);
        }
    }
}
