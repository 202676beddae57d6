using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Delegation;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Operations;

/// <summary>
/// Provides all operations on tokens, with the names that the reference uses (contract/tokens.md 7, 8, 9). Each operation performs the
/// checks of the contract, in the order of the contract, before it changes a store.
/// </summary>
/// <exception cref="PorthorException">An operation was denied; <see cref="PorthorException.Error"/> contains the reason.</exception>
public sealed partial class TokenService(
    TokenStore store,
    TokenOptions options,
    DelegatedTokens delegation,
    HistoryPages<HistoryFilter, TokenChange> changes,
    HistoryPages<UsageFilter, TokenUsage>? usage,
    TimeProvider clock,
    ILogger<TokenService> logger)
{
    /// <summary>Returns the record of a presented token; null if the token is not valid.</summary>
    /// <exception cref="StoreUnavailableException">The record store did not respond. The token may be valid.</exception>
    public ValueTask<TokenRecord?> GetDataAsync(Token token, CancellationToken cancellationToken = default) =>
        store.GetRecordAsync(token, cancellationToken);

    /// <inheritdoc cref="TokenStore.TryGetCached"/>
    public TokenRecord? TryGetCached(Token token) => store.TryGetCached(token);

    /// <summary>
    /// Returns a token of the token index, without a check of permissions. Returns null if it is not listed, or if it does not belong to
    /// the given user.
    /// </summary>
    /// <param name="key">The key of the token.</param>
    /// <param name="username">The user to whom the token must belong; null for any user.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<TokenInfo?> GetTokenInfoUncheckedAsync(
        TokenKey key, string? username = null, CancellationToken cancellationToken = default) =>
        key.IsWellFormed
            && await store.TokenIndex.GetAsync(key, cancellationToken) is { } token
            && (username is null || token.Username == username)
            ? ApplyUsageVisibility(token)
            : null;

    /// <summary>Returns a token of a user; null if the user has no such token.</summary>
    /// <exception cref="PorthorException">The requester may not list the tokens of the user.</exception>
    public async Task<TokenInfo?> GetTokenInfoAsync(
        TokenKey key, Caller caller, string username, CancellationToken cancellationToken = default)
    {
        var token = await GetTokenInfoUncheckedAsync(key, username, cancellationToken);
        if (token is not null)
            Require(TokenRules.Authorize(caller, token.Username));
        return token;
    }

    /// <summary>
    /// Returns the tokens of a user, or all tokens for an administrator, newest first. <see cref="TokenInfo.Parent"/> is not set.
    /// </summary>
    /// <exception cref="PorthorException">The requester may not list the tokens.</exception>
    public async Task<IReadOnlyList<TokenInfo>> ListTokensAsync(
        Caller caller, string? username = null, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, username));
        var tokens = await store.TokenIndex.ListAsync(username, cancellationToken);
        return ShowsUsage ? tokens : [.. tokens.Select(ApplyUsageVisibility)];
    }

    /// <summary>
    /// Returns the tokens of a user in the order of <see cref="ListTokensAsync"/>, read in batches during the enumeration. A token that
    /// is created during the enumeration is not included; a token that is revoked during the enumeration may be.
    /// </summary>
    public IAsyncEnumerable<TokenInfo> StreamTokensAsync(Caller caller, string username, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, username));
        return ReadAllAsync(cancellationToken);

        async IAsyncEnumerable<TokenInfo> ReadAllAsync([EnumeratorCancellation] CancellationToken stopping)
        {
            const int batch = 500;
            TokenCursor? after = null;
            do
            {
                var tokens = await store.TokenIndex.ListAsync(username, [], after, batch, stopping);
                foreach (var token in tokens)
                    yield return ApplyUsageVisibility(token);
                after = tokens.Count == batch ? TokenCursor.At(tokens[^1]) : null;
            }
            while (after is not null);
        }
    }

    /// <summary>Returns one page of the tokens of a user, in the order of <see cref="ListTokensAsync"/>.</summary>
    public async Task<TokenPage> GetTokenPageAsync(Caller caller, TokenQuery query, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, query.Username));
        // Reads one more token than the page contains, to detect whether there is another page.
        var tokens = await store.TokenIndex.ListAsync(query.Username, query.Types, query.After, query.Limit + 1, cancellationToken);
        TokenInfo[] page = [.. tokens.Take(query.Limit).Select(ApplyUsageVisibility)];
        return new TokenPage(page, tokens.Count > query.Limit ? TokenCursor.At(page[^1]) : null);
    }

    /// <summary>Returns the number of tokens of each type that a user has, including expired ones until they are removed.</summary>
    public async Task<IReadOnlyDictionary<TokenType, long>> CountTokensAsync(
        Caller caller, string username, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, username));
        return await store.TokenIndex.CountByTypeAsync(username, cancellationToken);
    }

    /// <summary>Returns the history of token changes, newest first: of one user, or of all users for an administrator.</summary>
    /// <exception cref="PorthorException">The requester may not read the history.</exception>
    public async Task<HistoryPage<TokenChange>> GetChangeHistoryAsync(
        Caller caller, HistoryRequest<HistoryFilter> request, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, request.Filter.Username));
        return await changes.GetAsync(request, cancellationToken);
    }

    /// <summary>Returns true if token usage is recorded and shown.</summary>
    public bool ShowsUsage => usage is not null;

    /// <summary>
    /// Returns the usage events of a token, newest first. Returns null if usage is not recorded, or if the user never had such a token.
    /// </summary>
    /// <exception cref="PorthorException">The requester may not read the history.</exception>
    public async Task<HistoryPage<TokenUsage>?> GetUsageHistoryAsync(
        Caller caller, HistoryRequest<UsageFilter> request, CancellationToken cancellationToken = default)
    {
        var (username, key) = (request.Filter.Username, request.Filter.Token);
        Require(TokenRules.Authorize(caller, username));
        if (usage is null)
            return null;
        // A token that existed and is no longer listed has entries in the history of changes.
        if (await GetTokenInfoUncheckedAsync(key, username, cancellationToken) is null
            && !await changes.AnyAsync(new HistoryFilter { Username = username, Key = key }, cancellationToken))
            return null;
        return await usage.GetAsync(request, cancellationToken);
    }

    /// <summary>Returns the child token for a service: an existing one with a sufficient remaining lifetime, or a new one.</summary>
    /// <param name="caller">The requester, whose token is the parent.</param>
    /// <param name="service">The service.</param>
    /// <param name="scopes">The scopes of the child token.</param>
    /// <param name="minimumLifetime">The minimum remaining lifetime; null for half of the lifetime of the child token.</param>
    /// <param name="cached">
    /// The result of <see cref="TryGetCachedInternalToken"/>, which is used if it matches; null if there is none.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="PorthorException">The scopes or the username are not allowed, or the parent is not valid.</exception>
    public async Task<Token> GetInternalTokenAsync(
        Caller caller, string service, ScopeSet scopes, TimeSpan? minimumLifetime = null, CachedChildToken? cached = null,
        CancellationToken cancellationToken = default)
    {
        Require(TokenRules.GrantedScopes(scopes, caller, options));
        Require(TokenRules.Username(caller.Username));
        return await delegation.GetAsync(
            new DelegationRequest(caller, TokenType.Internal, service, scopes, minimumLifetime), cached, cancellationToken);
    }

    /// <summary>
    /// Starts to read the record of the cached child token for a service, before the requester is authenticated. Returns null if none is
    /// cached.
    /// </summary>
    public CachedChildToken? TryGetCachedInternalToken(Caller caller, string service, ScopeSet scopes) =>
        delegation.TryGetCached(new DelegationRequest(caller, TokenType.Internal, service, scopes, MinimumLifetime: null));

    /// <summary>Returns the child token for a notebook server, with all scopes of the parent: an existing one or a new one.</summary>
    /// <param name="caller">The requester, whose token is the parent.</param>
    /// <param name="minimumLifetime">The minimum remaining lifetime; null for half of the lifetime of the child token.</param>
    /// <param name="cached">
    /// The result of <see cref="TryGetCachedNotebookToken"/>, which is used if it matches; null if there is none.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="PorthorException">The username is not allowed, or the parent is not valid.</exception>
    public async Task<Token> GetNotebookTokenAsync(
        Caller caller, TimeSpan? minimumLifetime = null, CachedChildToken? cached = null, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Username(caller.Username));
        return await delegation.GetAsync(
            new DelegationRequest(caller, TokenType.Notebook, Service: null, caller.Scopes, minimumLifetime), cached, cancellationToken);
    }

    /// <summary>
    /// Starts to read the record of the cached child token for a notebook server, before the requester is authenticated. Returns null if
    /// none is cached.
    /// </summary>
    public CachedChildToken? TryGetCachedNotebookToken(Caller caller) =>
        delegation.TryGetCached(new DelegationRequest(caller, TokenType.Notebook, Service: null, caller.Scopes, MinimumLifetime: null));

    private TokenInfo ApplyUsageVisibility(TokenInfo token) =>
        ShowsUsage || token.LastUsed is null ? token : token with { LastUsed = null };

    private void Require(PorthorError? refusal)
    {
        if (refusal is null)
            return;
        if (refusal.Kind == ErrorKind.PermissionDenied)
            Log.PermissionDenied(logger, refusal.Message);
        throw refusal.ToException();
    }
}
