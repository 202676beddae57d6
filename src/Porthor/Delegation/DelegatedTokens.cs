using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;
using Porthor.Concurrency;
using Porthor.History;
using Porthor.Identity;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Delegation;

/// <summary>Finds or creates child tokens (README.md in this folder, contract/tokens.md 8).</summary>
public sealed partial class DelegatedTokens(
    TokenStore store, TokenOptions options, ITokenStoreObserver observer, TimeProvider clock, ILogger<DelegatedTokens> logger)
{
    private const int CacheCapacity = 5000;

    /// <summary>
    /// The time limit of a search that several requests share. Each request has a shorter time limit. If the client repeats a request that
    /// exceeded it, the new request uses the result of the search.
    /// </summary>
    private static readonly TimeSpan SearchTimeout = TimeSpan.FromSeconds(10);

    // Each type has its own cache, so that tokens of one type do not displace those of the other.
    private readonly ConcurrentLru<ChildKey, Token> internalTokens = observer.CreateCache<ChildKey, Token>(
        "internal tokens", CacheCapacity);
    private readonly ConcurrentLru<ChildKey, Token> notebookTokens = observer.CreateCache<ChildKey, Token>(
        "notebook tokens", CacheCapacity);
    private readonly SingleFlight<(ChildKey, TimeSpan?), Token> searches = new();

    /// <summary>Starts to read the record of the cached child token for a request. Returns null if none is cached.</summary>
    public CachedChildToken? TryGetCached(DelegationRequest request)
    {
        var key = request.Key;
        return CacheOf(request.TokenType).TryGet(key, out var child)
            ? new CachedChildToken(key, child, store.GetRecordAsync(child, CancellationToken.None).AsTask())
            : null;
    }

    /// <summary>Returns the requested child token: an existing one that meets the request, or a new one.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cached">
    /// The result of an earlier <see cref="TryGetCached"/>; null if there is none. It is used only if it matches.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for the result. A shared search continues.</param>
    /// <exception cref="PorthorException">
    /// <c>invalid_token</c>: the parent is no longer listed, is being revoked, or has expired; <c>permission_denied</c>: the parent has
    /// too many ancestors.
    /// </exception>
    public async Task<Token> GetAsync(DelegationRequest request, CachedChildToken? cached, CancellationToken cancellationToken)
    {
        using var span = PorthorTraces.Begin("find child");
        if (cached?.Key != request.Key)
            cached = TryGetCached(request);
        if (cached is not null && MeetsRequest(await cached.Record, request))
            return cached.Child;
        while (true)
        {
            var child = await searches.RunAsync(
                (request.Key, request.MinimumLifetime), () => FindOrCreateAsync(request), out var joined, cancellationToken);
            // A search that began before this request may return a child token that was revoked after the beginning of the search. In this
            // case, the loop starts a new search.
            if (!joined || MeetsRequest(await store.GetRecordAsync(child, cancellationToken), request))
                return child;
        }
    }

    /// <summary>
    /// Creates a child token from a draft. Its scopes and its expiration are limited to those of the parent's row, which is locked.
    /// </summary>
    /// <param name="parent">The requester, whose token is the parent.</param>
    /// <param name="draft">The record of the child token before the limits are applied.</param>
    /// <param name="kind">The type of the token in error messages.</param>
    /// <param name="parentInHistory">True if the history entry contains the parent.</param>
    /// <param name="timeLimit">The time limit; null for the default limit of changes.</param>
    /// <param name="cancellationToken">Prevents the creation if it is cancelled before the creation begins.</param>
    /// <exception cref="PorthorException">
    /// <c>invalid_token</c>: the parent is no longer listed, is being revoked, or has expired; <c>permission_denied</c>: the parent has
    /// too many ancestors.
    /// </exception>
    internal async Task<TokenRecord> CreateAsync(
        Caller parent, TokenRecord draft, string kind, bool parentInHistory, TimeSpan? timeLimit, CancellationToken cancellationToken) =>
        (await TryCreateAsync(parent, draft, kind, parentInHistory, once: null, timeLimit, cancellationToken))!;

    /// <summary>
    /// Creates a child token like <see cref="CreateAsync(Caller, TokenRecord, string, bool, TimeSpan?, CancellationToken)"/>.
    /// </summary>
    /// <param name="parent">The requester, whose token is the parent.</param>
    /// <param name="draft">The record of the child token before the limits are applied.</param>
    /// <param name="kind">The type of the token in error messages.</param>
    /// <param name="parentInHistory">True if the history entry contains the parent.</param>
    /// <param name="once">
    /// The right to create the token, which the same transaction uses up; null if the creation needs none.
    /// </param>
    /// <param name="timeLimit">The time limit; null for the default limit of changes.</param>
    /// <param name="cancellationToken">Prevents the creation if it is cancelled before the creation begins.</param>
    /// <returns>The record; null if <paramref name="once"/> was used before.</returns>
    /// <exception cref="PorthorException">
    /// <c>invalid_token</c>: the parent is no longer listed, is being revoked, or has expired; <c>permission_denied</c>: the parent has
    /// too many ancestors.
    /// </exception>
    internal Task<TokenRecord?> TryCreateAsync(
        Caller parent, TokenRecord draft, string kind, bool parentInHistory, CreationRight? once, TimeSpan? timeLimit,
        CancellationToken cancellationToken)
    {
        var parentKey = parent.Record.Token.Key;
        return store.ChangeAsync<TokenRecord?>(
            async transaction =>
            {
                if (await transaction.LockParentAsync(parentKey) is not { } limits)
                    throw ParentNotValid(kind, "its row is missing");
                if (limits.IsBeingRevoked)
                    throw ParentNotValid(kind, "it is being revoked");
                if (limits.Level >= ParentLimits.MaxLevel)
                    throw TooManyLevels(kind, parentKey);
                var record = draft with
                {
                    Scopes = Allowed(draft.Scopes, parent.Scopes, limits.Scopes),
                    Expires = limits.Expires < draft.Expires ? limits.Expires : draft.Expires,
                };
                if (record.IsExpired(clock.GetUtcNow()))
                    throw ParentNotValid(kind, "it has expired");
                if (once is not null && !await transaction.TryUseOnceAsync(once.Name, once.Lifetime))
                {
                    transaction.Abandon();
                    return null;
                }
                var row = TokenInfo.From(record, parent: parentKey);
                var change = TokenChange.Of(row, ChangeAction.Create, parent.Username, parent.IpAddress, record.Created);
                transaction.Create(record, row, parentInHistory ? change : change with { Parent = null });
                return record;
            },
            timeLimit,
            cancellationToken);
    }

    /// <summary>
    /// Returns those of the requested scopes that a child token may have. The child token of an administrator may have scopes that its
    /// parent never had (contract/tokens.md 7.14), but no scopes that the parent has lost since its record was read.
    /// </summary>
    private static ScopeSet Allowed(ScopeSet requested, ScopeSet parentWhenRead, ScopeSet parentNow) =>
        parentNow.Contains(Scopes.AdminToken) ? requested.Except(parentWhenRead.Except(parentNow)) : requested.Intersect(parentNow);

    private ConcurrentLru<ChildKey, Token> CacheOf(TokenType type) => type == TokenType.Notebook ? notebookTokens : internalTokens;

    private async Task<Token> FindOrCreateAsync(DelegationRequest request)
    {
        using var deadline = new CancellationTokenSource(SearchTimeout, clock);
        // Another search may have ended after this request checked the cache and before this search began.
        if (TryGetCached(request) is { } recent && MeetsRequest(await recent.Record, request))
            return recent.Child;
        var child = await FindListedAsync(request, deadline.Token) ?? await CreateAsync(request, deadline.Token);
        CacheOf(request.TokenType).AddOrUpdate(request.Key, child);
        return child;
    }

    /// <summary>
    /// Returns true if a child token is valid, has exactly the requested scopes, and has a sufficient remaining lifetime
    /// (contract/tokens.md 8.3, deviations 29).
    /// </summary>
    private bool MeetsRequest(TokenRecord? record, DelegationRequest request)
    {
        if (record is null || !record.Scopes.Equals(request.Scopes))
            return false;
        if (record.Expires is not { } expires)
            return true;
        var required = request.MinimumLifetime ?? (expires - record.Created) / 2;
        return expires - clock.GetSecondsNow() >= required;
    }

    /// <summary>
    /// Returns a child token of the token index that has a sufficient remaining lifetime, or expires no earlier than the parent
    /// (contract/tokens.md 8.4). Returns null if there is none.
    /// </summary>
    private async Task<Token?> FindListedAsync(DelegationRequest request, CancellationToken cancellationToken)
    {
        var parent = request.Parent.Record;
        var from = clock.GetSecondsNow() + (request.MinimumLifetime ?? options.Lifetime / 2);
        if (parent.Expires < from)
            from = parent.Expires.Value;
        var query = new ChildQuery(parent.Token.Key, request.TokenType, request.Service, request.Scopes, from);
        if (await store.TokenIndex.FindChildAsync(query, cancellationToken) is not { } key)
            return null;
        return await store.GetRecordAsync(key, cancellationToken) is { } record && record.Scopes.Equals(request.Scopes)
            ? record.Token
            : null;
    }

    private async Task<Token> CreateAsync(DelegationRequest request, CancellationToken cancellationToken)
    {
        var created = clock.GetSecondsNow();
        var parent = request.Parent.Record;
        var end = created + options.Lifetime;
        var draft = new TokenRecord
        {
            Token = Token.Create(),
            Username = parent.Username,
            TokenType = request.TokenType,
            Scopes = request.Scopes,
            Service = request.Service,
            Created = created,
            Expires = parent.Expires < end ? parent.Expires : end,
            UserData = parent.UserData,
        };
        var record = await CreateAsync(
            request.Parent, draft, request.TokenType.ToText(), parentInHistory: true, SearchTimeout, cancellationToken);
        if (record.TokenType == TokenType.Notebook)
            Log.CreatedNotebookToken(logger, record.Token.Key, record.Expires?.ToLogText(), record.UserData);
        else
            Log.CreatedInternalToken(
                logger, record.Token.Key, record.Expires?.ToLogText(), record.Scopes.Names, record.Service, record.UserData);
        return record.Token;
    }

    private PorthorException ParentNotValid(string kind, string reason)
    {
        var text = $"Integrity error creating {kind} token";
        Log.ParentNotValid(logger, kind, reason);
        return PorthorError.InvalidToken(text).ToException();
    }

    private PorthorException TooManyLevels(string kind, TokenKey parent)
    {
        Log.TooManyLevels(logger, kind, parent, ParentLimits.MaxLevel);
        return PorthorError.PermissionDenied(
            $"Cannot create a child token: the presented token is already at level {ParentLimits.MaxLevel} of child tokens, " +
            "which is the maximum").ToException();
    }

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "Cannot create {TokenKind} token: its parent is at the maximum level of child tokens")]
        public static partial void TooManyLevels(ILogger logger, string tokenKind, TokenKey parent, int maxLevel);

        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(CreatedInternalToken),
            Message = "Created new internal token")]
        public static partial void CreatedInternalToken(
            ILogger logger, TokenKey tokenKey, string? tokenExpires, IReadOnlyList<string> tokenScopes, string? tokenService,
            UserData tokenUserinfo);

        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(CreatedNotebookToken),
            Message = "Created new notebook token")]
        public static partial void CreatedNotebookToken(ILogger logger, TokenKey tokenKey, string? tokenExpires, UserData tokenUserinfo);

        [LoggerMessage(Level = LogLevel.Error, Message = "Integrity error creating {TokenKind} token")]
        public static partial void ParentNotValid(ILogger logger, string tokenKind, string error);
    }
}
