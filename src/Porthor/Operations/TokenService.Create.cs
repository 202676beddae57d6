using System.Net;
using Porthor.Concurrency;
using Porthor.Delegation;
using Porthor.History;
using Porthor.Identity;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Operations;

// Creation of session, user, service and OpenID Connect tokens (contract/tokens.md 7.2 to 7.5).
public sealed partial class TokenService
{
    private readonly PerUserSemaphore creations = new();

    /// <summary>Creates a session for a user who has logged in. The login has determined the scopes, which are not checked.</summary>
    public async Task<Token> CreateSessionTokenAsync(
        string username, UserData userData, ScopeSet scopes, IPAddress? ipAddress, CancellationToken cancellationToken = default)
    {
        Require(TokenRules.Username(username));
        var created = clock.GetSecondsNow();
        var record = new TokenRecord
        {
            Token = Token.Create(),
            Username = username,
            TokenType = TokenType.Session,
            Scopes = scopes,
            Created = created,
            Expires = created + options.Lifetime,
            UserData = userData,
        };
        await CreateAsync(record, tokenName: null, username, ipAddress, cancellationToken);
        Log.Authenticated(logger, record.Token.Key, username, record.Expires?.ToLogText(), record.Scopes.Names, userData);
        return record.Token;
    }

    /// <summary>Creates a user token for the requester. It may expire later than the token that authenticated the request.</summary>
    /// <exception cref="PorthorException">
    /// The requester does not have the permission, the request is not allowed, or a limit is reached.
    /// </exception>
    public async Task<Token> CreateUserTokenAsync(
        Caller caller, string username, UserTokenRequest request, CancellationToken cancellationToken = default)
    {
        var created = clock.GetSecondsNow();
        var expires = request.Expires ?? options.Policy.DefaultExpires(TokenType.User, created);
        Require(TokenRules.Authorize(caller, username, requireSameUser: true));
        Require(TokenRules.Username(username));
        Require(TokenRules.Expires(expires, TokenType.User, created, options.Policy));
        Require(TokenRules.GrantedScopes(request.Scopes, caller, options));
        Require(TokenRules.TokenName(request.TokenName));
        var record = new TokenRecord
        {
            Token = Token.Create(),
            Username = username,
            TokenType = TokenType.User,
            Scopes = request.Scopes,
            Created = created,
            Expires = expires?.TruncateToSeconds(),
            UserData = caller.Record.UserData,
        };
        await CreateAsync(record, request.TokenName, caller.Username, caller.IpAddress, cancellationToken, options.Limits);
        Log.CreatedUserToken(
            logger, record.Token.Key, record.Expires?.ToLogText(), request.TokenName, record.Scopes.Names, record.UserData);
        return record.Token;
    }

    /// <summary>Creates a user or service token for any user, with the user data of the request, for administrators.</summary>
    /// <exception cref="PorthorException">The requester does not have the permission, or the request is not allowed.</exception>
    public async Task<Token> CreateTokenFromAdminRequestAsync(
        AdminTokenRequest request, Caller caller, CancellationToken cancellationToken = default)
    {
        var created = clock.GetSecondsNow();
        var expires = request.Expires ?? options.Policy.DefaultExpires(request.TokenType, created);
        Require(TokenRules.Authorize(caller, request.Username, requireAdmin: true));
        Require(TokenRules.Username(request.Username));
        Require(TokenRules.GrantedScopes(request.Scopes, caller: null, options));
        Require(TokenRules.Expires(expires, request.TokenType, created, options.Policy));
        Require(TokenRules.Owner(request.TokenType, request.Username));
        Require(TokenRules.UserData(request.UserData));
        Require(TokenRules.TokenName(request.TokenName));
        var record = new TokenRecord
        {
            Token = Token.Create(),
            Username = request.Username,
            TokenType = request.TokenType,
            Scopes = request.Scopes,
            Created = created,
            Expires = expires?.TruncateToSeconds(),
            UserData = request.UserData,
        };
        await CreateAsync(record, request.TokenName, caller.Username, caller.IpAddress, cancellationToken);
        var ends = record.Expires?.ToLogText();
        if (request.TokenType == TokenType.User)
            Log.CreatedUserTokenAsAdministrator(
                logger, record.Token.Key, record.Username, ends, request.TokenName, record.Scopes.Names, record.UserData);
        else
            Log.CreatedServiceToken(logger, record.Token.Key, record.Username, ends, record.Scopes.Names, record.UserData);
        return record.Token;
    }

    /// <summary>Creates the access token of an OpenID Connect client: a child of the requester's token, without scopes.</summary>
    /// <exception cref="PorthorException"><c>invalid_token</c>: the requester's token is no longer listed, or has expired.</exception>
    public async Task<Token> CreateOidcTokenAsync(Caller caller, CancellationToken cancellationToken = default) =>
        (await TryCreateOidcTokenAsync(caller, once: null, cancellationToken))!;

    /// <summary>
    /// Creates the access token of an OpenID Connect client like <see cref="CreateOidcTokenAsync"/>, with a right that can be used once.
    /// </summary>
    /// <returns>The token; null if the right was used before.</returns>
    /// <exception cref="PorthorException"><c>invalid_token</c>: the requester's token is no longer listed, or has expired.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The creation failed, and the right can still be used; or the result is unknown.
    /// </exception>
    public async Task<Token?> TryCreateOidcTokenAsync(Caller caller, CreationRight? once, CancellationToken cancellationToken = default)
    {
        var created = clock.GetSecondsNow();
        var draft = new TokenRecord
        {
            Token = Token.Create(),
            Username = caller.Username,
            TokenType = TokenType.Oidc,
            Scopes = ScopeSet.Empty,
            Created = created,
            Expires = caller.Record.Expires ?? created + options.Lifetime,
            UserData = caller.Record.UserData,
        };
        var record = await delegation.TryCreateAsync(
            caller, draft, "OIDC", parentInHistory: false, once, timeLimit: null, cancellationToken);
        if (record is null)
            return null;
        Log.CreatedOidcToken(logger, record.Token.Key, record.Expires?.ToLogText(), record.Scopes.Names, record.UserData);
        return record.Token;
    }

    /// <summary>Creates a token without a parent.</summary>
    /// <param name="record">The record of the token.</param>
    /// <param name="tokenName">The name of the token; null if it has none.</param>
    /// <param name="actor">The user who creates the token, for the history.</param>
    /// <param name="ipAddress">The address of the client; null if there is none.</param>
    /// <param name="cancellationToken">Prevents the creation if it is cancelled before the creation begins.</param>
    /// <param name="limits">The limits that the creation must meet; null for none.</param>
    private async Task CreateAsync(
        TokenRecord record, string? tokenName, string actor, IPAddress? ipAddress, CancellationToken cancellationToken,
        TokenLimits? limits = null)
    {
        var row = TokenInfo.From(record, tokenName);
        var change = TokenChange.Of(row, ChangeAction.Create, actor, ipAddress, record.Created);
        using var creation = limits is { Any: true }
            ? await creations.EnterAsync(record.Username, store.ChangeTimeout, cancellationToken)
            : null;
        await store.ChangeAsync(
            async transaction =>
            {
                if (limits is { Any: true })
                {
                    var now = clock.GetSecondsNow();
                    Require(TokenRules.Limits(await transaction.CountUserTokensAsync(record.Username, limits, now), limits, now));
                }
                transaction.Create(record, row, change);
                return true;
            },
            cancellationToken: cancellationToken);
    }
}
