using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Delegation;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Operations;

/// <summary>
/// The front door: every operation on tokens, under the name the reference gives it (contract/tokens.md 7, 8, 9). Each
/// makes the contract's checks in the contract's order before it touches a store.
/// </summary>
/// <exception cref="PorthorException">An operation was refused; the error says why.</exception>
public sealed partial class TokenService(
    TokenStore store,
    TokenOptions options,
    DelegatedTokens delegation,
    HistoryPages<HistoryFilter, TokenChange> changes,
    HistoryPages<UsageFilter, TokenUsage>? uses,
    TimeProvider clock,
    ILogger<TokenService> logger)
{
    /// <summary>The record of a presented token; null if the token is not valid.</summary>
    /// <exception cref="StoreUnavailableException">The record store did not answer; nothing is known about the token.</exception>
    public ValueTask<TokenRecord?> GetDataAsync(Token token, CancellationToken cancellationToken = default) =>
        store.GetRecordAsync(token, cancellationToken);

    /// <inheritdoc cref="TokenStore.TryGetCached"/>
    public TokenRecord? TryGetCached(Token token) => store.TryGetCached(token);

    /// <summary>A token as the token index lists it; null if there is none, or it is another user's than the one named.</summary>
    public async Task<TokenInfo?> GetTokenInfoUncheckedAsync(
        TokenKey key, string? username = null, CancellationToken cancellationToken = default) =>
        key.IsWellFormed && await store.TokenIndex.GetAsync(key, cancellationToken) is { } token && (username is null || token.Username == username) ? Shown(token) : null;

    /// <summary>As <see cref="GetTokenInfoUncheckedAsync"/>, if the caller may see that user's tokens.</summary>
    public async Task<TokenInfo?> GetTokenInfoAsync(
        TokenKey key, Caller caller, string username, CancellationToken cancellationToken = default)
    {
        var token = await GetTokenInfoUncheckedAsync(key, username, cancellationToken);
        if (token is not null)
            Require(TokenRules.Authorize(caller, token.Username));
        return token;
    }

    /// <summary>The tokens of a user, or of all for an administrator; newest first. Parents are not filled in.</summary>
    public async Task<IReadOnlyList<TokenInfo>> ListTokensAsync(
        Caller caller, string? username = null, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, username));
        var tokens = await store.TokenIndex.ListAsync(username, cancellationToken);
        return ShowsUsage ? tokens : [.. tokens.Select(Shown)];
    }

    /// <summary>
    /// Returns the tokens of a user in the order of <see cref="ListTokensAsync"/>, read in batches during the enumeration. A token that is
    /// created meanwhile is not listed; a token that is revoked meanwhile may be.
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
                    yield return Shown(token);
                after = tokens.Count == batch ? TokenCursor.At(tokens[^1]) : null;
            }
            while (after is not null);
        }
    }

    /// <summary>Returns one page of the tokens of a user, in the order of <see cref="ListTokensAsync"/>.</summary>
    public async Task<TokenPage> GetTokenPageAsync(Caller caller, TokenQuery query, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, query.Username));
        // One more than the page shows, to find out whether there is another page.
        var tokens = await store.TokenIndex.ListAsync(query.Username, query.Types, query.After, query.Limit + 1, cancellationToken);
        TokenInfo[] page = [.. tokens.Take(query.Limit).Select(Shown)];
        return new TokenPage(page, tokens.Count > query.Limit ? TokenCursor.At(page[^1]) : null);
    }

    /// <summary>Returns the number of tokens of each type that a user has, including expired ones until they are removed.</summary>
    public Task<IReadOnlyDictionary<TokenType, long>> CountTokensAsync(Caller caller, string username, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, username));
        return store.TokenIndex.CountByTypeAsync(username, cancellationToken);
    }

    /// <summary>The changes of tokens, newest first; of one user, or of all for an administrator.</summary>
    public async Task<HistoryPage<TokenChange>> GetChangeHistoryAsync(
        Caller caller, HistoryRequest<HistoryFilter> request, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Authorize(caller, request.Filter.Username));
        return await changes.GetAsync(request, cancellationToken);
    }

    /// <summary>True if it is recorded what tokens are used for, and shown.</summary>
    public bool ShowsUsage => uses is not null;

    /// <summary>The uses of a token, newest first; null if uses are not recorded, or the user never had such a token.</summary>
    public async Task<HistoryPage<TokenUsage>?> GetUsageHistoryAsync(
        Caller caller, HistoryRequest<UsageFilter> request, CancellationToken cancellationToken = default)
    {
        var (username, key) = (request.Filter.Username, request.Filter.Token);
        Require(TokenRules.Authorize(caller, username));
        if (uses is null)
            return null;
        // A token that is no more has changes.
        if (await GetTokenInfoUncheckedAsync(key, username, cancellationToken) is null
            && !await changes.AnyAsync(new HistoryFilter { Username = username, Key = key }, cancellationToken))
            return null;
        return await uses.GetAsync(request, cancellationToken);
    }

    /// <summary>The child that a service gets in a user's stead: one that exists and lasts long enough, or a new one.</summary>
    /// <param name="minimumLifetime">How long it must last at least; null for half of a usual life.</param>
    /// <param name="recalled">What <see cref="TryGetCachedInternalToken"/> gave; it is used if it is what is wanted.</param>
    public async Task<Token> GetInternalTokenAsync(
        Caller caller, string service, ScopeSet scopes, TimeSpan? minimumLifetime = null, CachedChildToken? recalled = null,
        CancellationToken cancellationToken = default)
    {
        Require(TokenRules.GrantedScopes(scopes, caller, options));
        Require(TokenRules.Username(caller.Username));
        return await delegation.GetAsync(
            new DelegationRequest(caller, TokenType.Internal, service, scopes, minimumLifetime), recalled, cancellationToken);
    }

    /// <summary>
    /// Begins to read the child that a service got before, for a caller who is not yet known for certain; null if none is remembered.
    /// </summary>
    public CachedChildToken? TryGetCachedInternalToken(Caller caller, string service, ScopeSet scopes) =>
        delegation.TryGetCached(new DelegationRequest(caller, TokenType.Internal, service, scopes, MinimumLifetime: null));

    /// <summary>The child that a user's notebook gets, with all of the user's scopes.</summary>
    /// <inheritdoc cref="GetInternalTokenAsync"/>
    public async Task<Token> GetNotebookTokenAsync(
        Caller caller, TimeSpan? minimumLifetime = null, CachedChildToken? recalled = null, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Username(caller.Username));
        return await delegation.GetAsync(
            new DelegationRequest(caller, TokenType.Notebook, Service: null, caller.Scopes, minimumLifetime), recalled, cancellationToken);
    }

    /// <summary>As <see cref="TryGetCachedInternalToken"/>, for the user's notebook.</summary>
    public CachedChildToken? TryGetCachedNotebookToken(Caller caller) =>
        delegation.TryGetCached(new DelegationRequest(caller, TokenType.Notebook, Service: null, caller.Scopes, MinimumLifetime: null));

    private TokenInfo Shown(TokenInfo token) => ShowsUsage || token.LastUsed is null ? token : token with { LastUsed = null };

    private void Require(PorthorError? refusal)
    {
        if (refusal is null)
            return;
        if (refusal.Kind == ErrorKind.PermissionDenied)
            Log.PermissionDenied(logger, refusal.Message);
        throw refusal.ToException();
    }
}
