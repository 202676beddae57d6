using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Tokens;

namespace Porthor.Operations;

public sealed partial class TokenService
{
    // The contract prescribes these messages and fields (tokens.md 7); dashboards search for them.
    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(Authenticated),
            Message = "Successfully authenticated user {TokenUsername}")]
        public static partial void Authenticated(
            ILogger logger, TokenKey tokenKey, string tokenUsername, string? tokenExpires, IReadOnlyList<string> tokenScopes,
            UserData tokenUserinfo);

        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(CreatedUserToken),
            Message = "Created new user token")]
        public static partial void CreatedUserToken(
            ILogger logger, TokenKey tokenKey, string? tokenExpires, string tokenName, IReadOnlyList<string> tokenScopes,
            UserData tokenUserinfo);

        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(CreatedUserTokenAsAdministrator),
            Message = "Created new user token as administrator")]
        public static partial void CreatedUserTokenAsAdministrator(
            ILogger logger, TokenKey tokenKey, string tokenUsername, string? tokenExpires, string? tokenName,
            IReadOnlyList<string> tokenScopes, UserData tokenUserinfo);

        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(CreatedServiceToken),
            Message = "Created new service token")]
        public static partial void CreatedServiceToken(
            ILogger logger, TokenKey tokenKey, string tokenUsername, string? tokenExpires, IReadOnlyList<string> tokenScopes,
            UserData tokenUserinfo);

        [LoggerMessage(
            Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(CreatedOidcToken),
            Message = "Created new OpenID Connect token")]
        public static partial void CreatedOidcToken(
            ILogger logger, TokenKey tokenKey, string? tokenExpires, IReadOnlyList<string> tokenScopes, UserData tokenUserinfo);

        [LoggerMessage(Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(ModifiedToken), Message = "Modified token")]
        public static partial void ModifiedToken(
            ILogger logger, TokenKey tokenKey, string? tokenExpires, string? tokenName, IReadOnlyList<string> tokenScopes);

        [LoggerMessage(Level = LogLevel.Information, EventName = ChangeEvent.Prefix + nameof(DeletedToken), Message = "Deleted token")]
        public static partial void DeletedToken(ILogger logger, TokenKey tokenKey, string tokenUsername);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Permission denied")]
        public static partial void PermissionDenied(ILogger logger, string error);
    }
}
