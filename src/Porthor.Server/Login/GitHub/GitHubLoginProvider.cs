using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Values;

namespace Porthor.Server.Login.GitHub;

/// <summary>
/// Logs in users with their GitHub account, with their teams as groups (contract/login.md 5). The authorization is revoked at logout, so
/// that the next login reads current data.
/// </summary>
internal sealed partial class GitHubLoginProvider(
    GitHubSettings settings, GitHubAddresses addresses, GitHubApi api, ILogger<GitHubLoginProvider> logger) : ILoginProvider
{
    private const string Scopes = "read:org read:user user:email";

    /// <summary>Creates an attempt without a nonce, because GitHub issues no ID token, and without PKCE, as the reference does.</summary>
    public Task<LoginAttempt> PrepareAsync(CancellationToken cancellationToken) => Task.FromResult(LoginAttempt.Create());

    public string AddressFor(LoginAttempt attempt)
    {
        Log.Redirecting(logger);
        return FormText.AddTo(
            addresses.Authorize, [new("client_id", settings.ClientId), new("scope", Scopes), new("state", attempt.State)]);
    }

    public async Task<LoginIdentity> RedeemAsync(string code, LoginAttempt attempt, CancellationToken cancellationToken)
    {
        var token = await api.RedeemAsync(code, attempt.State, cancellationToken);
        var user = await api.GetUserAsync(token, cancellationToken);
        if (user.UnusableTeams is { Count: > 0 } unusable)
            Log.InvalidGroups(logger, unusable.ToDictionary(name => name, _ => "not a valid group name"), user.Username);
        if (!UserRules.IsUsername(user.Username))
            throw LoginFailure.InvalidUsername(LoginFailure.Shortened($"Invalid username: {user.Username}"), token).ToException();
        return new LoginIdentity(user.Username, user.ToUserData(), token);
    }

    public async Task RevokeAsync(Secret providerToken, CancellationToken cancellationToken)
    {
        if (await api.RevokeAsync(providerToken, cancellationToken) is { } error)
            Log.NotRevoked(logger, error);
        else
            Log.Revoked(logger);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Redirecting user to GitHub for authentication")]
        public static partial void Redirecting(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Ignoring invalid groups")]
        public static partial void InvalidGroups(ILogger logger, IReadOnlyDictionary<string, string> invalidGroups, string user);

        [LoggerMessage(Level = LogLevel.Information, Message = "Revoked GitHub OAuth authorization")]
        public static partial void Revoked(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Unable to revoke GitHub OAuth authorization")]
        public static partial void NotRevoked(ILogger logger, string error);
    }
}
