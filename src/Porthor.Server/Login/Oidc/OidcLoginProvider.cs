using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Login.Oidc;

/// <summary>
/// Logs in users with an OpenID Connect provider, including CILogon (contract/login.md 4). With LDAP, only the username is read from the
/// ID token; without it, all data about the user comes from the claims (deviations 38).
/// </summary>
internal sealed partial class OidcLoginProvider(
    OidcSettings settings, ProviderClient client, OidcDiscovery discovery, IdTokenVerifier verifier, TimeProvider clock,
    ILogger<OidcLoginProvider> logger)
    : ILoginProvider
{
    /// <summary>
    /// The maximum time that a browser waits for the metadata of the provider. After this time, the login continues without PKCE.
    /// </summary>
    private static readonly TimeSpan MetadataTimeout = TimeSpan.FromSeconds(3);

    private readonly ClaimReader reader = new(settings);

    private string RedirectUrl => settings.RedirectUrl!.AbsoluteUri;

    public async Task<LoginAttempt> PrepareAsync(CancellationToken cancellationToken) => LoginAttempt.Create() with
    {
        Nonce = Random(),
        Verifier = settings.UsesPkce && await TakesChallengeAsync(cancellationToken) ? new Secret(Random()) : null,
    };

    public string AddressFor(LoginAttempt attempt)
    {
        var address = settings.LoginUrl!.AbsoluteUri;
        Log.Redirecting(logger, address);
        List<KeyValuePair<string, string>> parameters =
        [
            new("response_type", "code"),
            new("client_id", settings.ClientId),
            new("redirect_uri", RedirectUrl),
            new("scope", string.Join(' ', ["openid", .. settings.Scopes])),
            new("state", attempt.State),
        ];
        if (attempt.Nonce is { } nonce)
            parameters.Add(new("nonce", nonce));
        if (attempt.Verifier is { } secret)
        {
            parameters.Add(new("code_challenge", Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(secret.Reveal())))));
            parameters.Add(new("code_challenge_method", "S256"));
        }
        return FormText.AddTo(address, parameters.Where(own => !settings.LoginParams.ContainsKey(own.Key)).Concat(settings.LoginParams));
    }

    public async Task<LoginIdentity> RedeemAsync(string code, LoginAttempt attempt, CancellationToken cancellationToken)
    {
        var token = await RedeemForTokenAsync(code, attempt.Verifier, cancellationToken);
        try
        {
            var claims = await verifier.VerifyAsync(token, attempt.Nonce, cancellationToken);
            return IdentityOf(claims);
        }
        catch (UnverifiedTokenException e)
        {
            if (e.Hint is { } hint)
                Log.Mismatched(logger, e.Message, hint);
            else
                Log.NotVerified(logger, e.Message);
            throw client.Wrong($"OpenID Connect token verification failed: {e.Message}").ToException();
        }
    }

    /// <summary>Does nothing, because the provider grants nothing that could be revoked.</summary>
    public Task RevokeAsync(Secret providerToken, CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<string> RedeemForTokenAsync(string code, Secret? secret, CancellationToken cancellationToken)
    {
        var url = settings.TokenUrl!.AbsoluteUri;
        Log.Retrieving(logger, url);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = settings.ClientId,
            ["client_secret"] = settings.ClientSecret.Reveal(),
            ["code"] = code,
            ["redirect_uri"] = RedirectUrl,
        };
        if (secret is not null)
            form["code_verifier"] = secret.Reveal();
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Headers = { Accept = { new("application/json") } },
            Content = new FormUrlEncodedContent(form),
        };
        List<Secret> sent = [settings.ClientSecret, new(code)];
        if (secret is not null)
            sent.Add(secret);
        var reply = await client.SendAsync(request, sent, cancellationToken);

        if (reply.IsRedirect)
            throw client.BadStatus(reply).ToException();
        if (reply.TryReadJson() is not { } json)
            throw NotJson(url, reply).ToException();
        if (!reply.IsSuccess)
        {
            throw json.TextMember("error") is { } error
                ? client.Wrong($"Error retrieving ID token: {error}{DescriptionOf(json)}").ToException()
                : client.BadStatus(reply).ToException();
        }
        return json.TextMember("id_token") ?? throw client.Wrong($"No id_token in token reply from {url}").ToException();
    }

    private static string DescriptionOf(JsonElement error) =>
        error.TextMember("error_description") is { Length: > 0 } text ? $": {text}" : "";

    private LoginFailure NotJson(string url, ProviderReply reply)
    {
        Log.NotJson(logger, url, reply.Described);
        var failure = client.Wrong($"Response from {url} not valid JSON");
        return reply.Shown is { Length: > 0 } body
            ? failure with { LoggedDetails = $"{failure.Details}\nStatus {(int)reply.Status}\nBody:\n{body}" }
            : failure;
    }

    private LoginIdentity IdentityOf(JsonElement claims)
    {
        if (reader.ReadUsername(claims) is not { } username)
        {
            // Operators do not need the nonce.
            var shown = claims.EnumerateObject().Where(claim => claim.Name != "nonce")
                .ToDictionary(claim => claim.Name, claim => claim.Value);
            Log.NoUsername(logger, settings.UsernameClaim, JsonSerializer.SerializeToElement(shown));
            throw LoginFailure.NotEnrolled(settings.UsernameClaim, settings.EnrollmentUrl).ToException();
        }
        var data = reader.Read(claims, out var numberless, out var invalidGroups);
        if (invalidGroups.Count > 0)
            Log.InvalidGroups(logger, invalidGroups.ToDictionary(name => name, _ => "not a valid group name"), username);
        return new LoginIdentity(username, data) { NumberlessGroups = numberless };
    }

    /// <summary>
    /// Returns whether the provider supports PKCE. Returns false if its metadata is unavailable: the login may still succeed.
    /// </summary>
    private async Task<bool> TakesChallengeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var metadata = await discovery.GetMetadataAsync(cancellationToken).WaitAsync(MetadataTimeout, clock, cancellationToken);
            return metadata.TakesChallenge;
        }
        catch (Exception e) when (e is LoginFailedException or UnverifiedTokenException or TimeoutException)
        {
            Log.NoMetadata(logger, e is LoginFailedException { Failure.LoggedDetails: { } why } ? why : e.Message);
            return false;
        }
    }

    /// <summary>Returns 256 random bits in 43 characters, as RFC 7636 (4.1) recommends.</summary>
    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Redirecting user for authentication")]
        public static partial void Redirecting(ILogger logger, string loginUrl);

        [LoggerMessage(Level = LogLevel.Information, Message = "Retrieving ID token")]
        public static partial void Retrieving(ILogger logger, string tokenUrl);

        [LoggerMessage(Level = LogLevel.Error, Message = "Error verifying ID token")]
        public static partial void NotVerified(ILogger logger, string msg);

        [LoggerMessage(Level = LogLevel.Error, Message = "Error verifying ID token")]
        public static partial void Mismatched(ILogger logger, string msg, string hint);

        [LoggerMessage(Level = LogLevel.Warning, Message = "No {Claim} claim in token")]
        public static partial void NoUsername(ILogger logger, string claim, JsonElement claims);

        [LoggerMessage(Level = LogLevel.Error, Message = "Response from token endpoint not valid JSON")]
        public static partial void NotJson(ILogger logger, string tokenUrl, string response);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Ignoring invalid groups")]
        public static partial void InvalidGroups(ILogger logger, IReadOnlyDictionary<string, string> invalidGroups, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read provider metadata, logging in without PKCE")]
        public static partial void NoMetadata(ILogger logger, string error);
    }
}
