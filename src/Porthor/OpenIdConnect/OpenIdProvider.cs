using System.Net;
using Microsoft.Extensions.Logging;
using Porthor.Delegation;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Implements the operations of the OpenID Connect provider, with the answers of the reference: authorization codes, their redemption, and
/// the claims about a user (contract/oidc-server.md).
/// </summary>
public sealed partial class OpenIdProvider(
    OpenIdOptions options, SigningKey key, IOidcClientStore clients, ClientSecrets secrets, AuthorizationCodeStore codes,
    TokenService tokens, UserInfoService users, TimeProvider clock, ILogger<OpenIdProvider> logger)
{
    /// <summary>The beginning of the names under which the database records used codes.</summary>
    private const string UsedPrefix = "oidc-used:";

    /// <summary>Called for the data of a code that cannot be read. It is called while a request waits, so it must return quickly.</summary>
    public Action<UnreadableCodeException>? Damaged { get; init; }

    /// <summary>Returns the settings.</summary>
    public OpenIdOptions Options => options;

    /// <summary>Returns the key that signs ID tokens.</summary>
    public SigningKey Key => key;

    /// <summary>Checks an authorization request of a signed-in user, and issues a code.</summary>
    /// <param name="request">The request.</param>
    /// <param name="session">The session of the user.</param>
    /// <param name="issuesCode">False for a request that must not change anything: the answer is then the redirect without a code.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="StoreUnavailableException">A store did not respond. No code was issued.</exception>
    public async Task<AuthorizationAnswer> AuthorizeAsync(
        AuthorizationRequest request, Token session, bool issuesCode, CancellationToken cancellationToken)
    {
        var client = await clients.FindAsync(request.ClientId, cancellationToken);
        var target = RedirectUri.Parse(request.RedirectUri);
        KeyValuePair<string, string>[] state = request.State is null ? [] : [new("state", request.State)];
        if (AuthorizationChecks.Find(request, client) is { } error)
        {
            return new AuthorizationAnswer(
                error.Parameter is null
                    ? target.With([.. state, new("error", error.Error), new("error_description", error.Description)])
                    : null,
                error);
        }
        if (!issuesCode)
            return new AuthorizationAnswer(target.With(state), Error: null);
        var authorization = new StoredAuthorization
        {
            Code = AuthorizationCode.Create(),
            ClientId = request.ClientId,
            RedirectUri = request.RedirectUri,
            Token = session,
            CreatedAt = clock.GetSecondsNow(),
            Scopes = OpenIdScopes.Parse(request.Scope!),
            Nonce = request.Nonce,
        };
        await codes.AddAsync(authorization, cancellationToken);
        return new AuthorizationAnswer(target.With([.. state, new("code", authorization.Code.Reveal())]), Error: null);
    }

    /// <summary>
    /// Redeems an authorization code. The checks have the order of the contract (oidc-server.md 7.2). A refused or failed request does not
    /// use up the code.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="address">The address of the client; null if it is not known.</param>
    /// <param name="cancellationToken">Cancels the operation before the token is created.</param>
    /// <exception cref="StoreUnavailableException">A store did not respond, or the result is unknown.</exception>
    /// <exception cref="Identity.UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<TokenAnswer> RedeemAsync(TokenRequest request, IPAddress? address, CancellationToken cancellationToken)
    {
        if (request is not { GrantType: { } grantType, ClientId: { } clientId, Code: { } text, RedirectUri: { } redirectUri })
            return Refused(OAuthError.InvalidRequest("Invalid token request"));
        if (grantType != "authorization_code")
            return Refused(OAuthError.UnsupportedGrantType(grantType));
        if (!AuthorizationCode.TryParse(text.Reveal(), out var code, out var reason))
            return Refused(OAuthError.InvalidGrant(reason));
        if (await AuthenticateAsync(clientId, request.ClientSecret, redirectUri, code, address, cancellationToken) is { } unauthorized)
            return Refused(unauthorized);
        StoredAuthorization? authorization;
        try
        {
            authorization = await codes.FindAsync(code, cancellationToken);
        }
        catch (UnreadableCodeException e)
        {
            var message = $"Cannot get authorization for {code.Key}: {e.Message}";
            Log.Unreadable(logger, message, e);
            Damaged?.Invoke(e);
            return Refused(OAuthError.InvalidGrant(message));
        }
        if (authorization is null)
            return Refused(Unknown(code));
        if (!code.Halves!.Equals(authorization.Code.Halves))
            return Refused(OAuthError.InvalidGrant($"Invalid authorization code {code.Key}"));
        if (await tokens.GetDataAsync(authorization.Token, cancellationToken) is not { } session)
            return Refused(OAuthError.InvalidGrant("Underlying authentication token has expired"));
        if (authorization.ClientId != clientId)
        {
            return Refused(OAuthError.InvalidGrant(
                $"Authorization client ID mismatch for {code.Key}: {authorization.ClientId} != {clientId}"));
        }
        if (authorization.RedirectUri != redirectUri)
        {
            return Refused(OAuthError.InvalidGrant(
                $"Authorization redirect URI mismatch for {code.Key}: {authorization.RedirectUri} != {redirectUri}"));
        }
        return await IssueAsync(authorization, new Caller(session, address), cancellationToken);
    }

    /// <summary>Returns the claims about the user of a token, in the order of the reference.</summary>
    /// <exception cref="StoreUnavailableException">A store did not respond.</exception>
    /// <exception cref="Identity.UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<IReadOnlyList<KeyValuePair<string, string>>> GetClaimsAsync(
        TokenRecord record, CancellationToken cancellationToken) =>
        IdTokenClaims.OfUser(await users.GetAsync(record, cancellationToken), options);

    private static TokenAnswer Refused(OAuthError error) => new(Tokens: null, error);

    private static OAuthError Unknown(AuthorizationCode code) => OAuthError.InvalidGrant($"Unknown authorization code {code.Key}");

    /// <summary>Checks the client and its redirect URI. Returns an error; null if both are correct.</summary>
    private async Task<OAuthError?> AuthenticateAsync(
        string clientId, Secret? secret, string redirectUri, AuthorizationCode code, IPAddress? address,
        CancellationToken cancellationToken)
    {
        if (secret is null)
            return OAuthError.InvalidClient("No client_secret provided");
        if (await clients.FindAsync(clientId, cancellationToken) is not { } client)
            return OAuthError.InvalidClient($"Unknown client ID {clientId}");
        var check = await secrets.CheckAsync(
            client, secret, address, () => FindKeyAsync(code, clientId, cancellationToken), cancellationToken);
        switch (check.Result)
        {
            case SecretCheckResult.Busy:
                return OAuthError.TemporarilyUnavailable("Too many client secrets are being checked");
            case SecretCheckResult.TooManyFailures:
                return OAuthError.TooManyFailures($"Too many wrong secrets for {clientId}", check.RetryAfter);
            case SecretCheckResult.Wrong:
                return OAuthError.InvalidClient($"Invalid secret for {clientId}");
        }
        return RedirectUri.Parse(redirectUri).Matches(RedirectUri.Parse(client.ReturnUri))
            ? null
            : OAuthError.InvalidGrant($"Invalid return URI for {clientId}: {redirectUri}");
    }

    /// <summary>Returns the key of a code if it is a valid code of the client; null if it is not.</summary>
    private async Task<string?> FindKeyAsync(AuthorizationCode code, string clientId, CancellationToken cancellationToken)
    {
        try
        {
            return await codes.FindAsync(code, cancellationToken) is { } stored && stored.ClientId == clientId
                && code.Halves!.Equals(stored.Code.Halves)
                ? code.Key
                : null;
        }
        catch (UnreadableCodeException)
        {
            return null; // It is reported if the secret is correct.
        }
    }

    /// <summary>
    /// Issues the tokens. The transaction that creates the access token also records that the code was used, so that only one of several
    /// redemptions succeeds. The code is removed only afterwards: until the token exists, the client can repeat the request.
    /// </summary>
    private async Task<TokenAnswer> IssueAsync(StoredAuthorization authorization, Caller session, CancellationToken cancellationToken)
    {
        var now = clock.GetSecondsNow();
        var expires = session.Record.Expires ?? now + options.Lifetime;
        var claims = await GetClaimsAsync(session.Record, cancellationToken);
        var idToken = key.Sign(IdTokenClaims.Write(authorization, claims, options.Issuer, now, expires));
        Token? accessToken;
        try
        {
            // The store may keep a code longer than its lifetime, because the clocks of the nodes differ.
            var right = new CreationRight(UsedPrefix + authorization.Code.Key, 2 * StoredAuthorization.CodeLifetime);
            accessToken = await tokens.TryCreateOidcTokenAsync(session, right, cancellationToken);
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidToken)
        {
            return Refused(OAuthError.InvalidToken(e.Error.Message));
        }
        if (accessToken is null)
            return Refused(Unknown(authorization.Code));
        Log.Retrieved(logger, session.Username, authorization.Code.Key);
        await RemoveAsync(authorization.Code);
        return new TokenAnswer(
            new IssuedTokens(
                accessToken, new Secret(idToken), (long)(expires - clock.GetUtcNow()).TotalSeconds, string.Join(' ', authorization.Scopes)),
            Error: null);
    }

    /// <summary>Removes a used code. If this fails, the code cannot be used nevertheless, and the store removes it later.</summary>
    private async Task RemoveAsync(AuthorizationCode code)
    {
        try
        {
            await codes.RemoveAsync(code, CancellationToken.None);
        }
        catch (StoreUnavailableException e)
        {
            Log.NotRemoved(logger, code.Key, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(Retrieved),
            Message = "Retrieved token for user {User} via OpenID Connect")]
        public static partial void Retrieved(ILogger logger, string user, string token);

        [LoggerMessage(Level = LogLevel.Error, Message = "Cannot get authorization")]
        public static partial void Unreadable(ILogger logger, string error, Exception exception);

        [LoggerMessage(
            Level = LogLevel.Warning, EventName = ChangeEvent.Prefix + nameof(NotRemoved),
            Message = "Cannot remove a used authorization code")]
        public static partial void NotRemoved(ILogger logger, string codeKey, Exception exception);
    }
}
