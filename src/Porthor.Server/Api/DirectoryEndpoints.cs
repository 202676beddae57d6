using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Users;

namespace Porthor.Server.Api;

/// <summary>Maps the routes for users and groups of the directory (contract/userinfo.md 7).</summary>
internal static partial class DirectoryEndpoints
{
    public static void MapDirectory(this IEndpointRouteBuilder api)
    {
        const string tag = "users";
        api.MapGet(ApiRoutes.Users, GetUsersAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getUsers", "List all users", "Returns all users of the directory, without quotas. Requires `admin:userinfo`.")
            .Answers<DirectoryUserAnswer[]>().Refuses(401, 403, 404, 500, 503);
        api.MapGet(ApiRoutes.User, GetUserAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(
                tag, "getUser", "Get a user",
                "Returns a user from the directory. Requires `admin:userinfo`, except for the caller's own entry.")
            .Takes(DescribedParameter.User)
            .Answers<DirectoryUserAnswer>().Refuses(401, 403, 404, 422, 500, 503);
        api.MapGet("/groups", GetGroupsAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getGroups", "List all groups", "Returns all groups of the directory. Requires `admin:userinfo`.")
            .Answers<AllGroupsAnswer>().Refuses(401, 403, 404, 500, 503);
    }

    private static async Task GetUsersAsync(ApiRequest request, UserInfoService users, ILogger<UserInfoService> logger)
    {
        Require(request, users, username: null, logger);
        var all = await users.ListUsersAsync(request.Aborted);
        await ApiJson.WriteListAsync(request.Context.Response, all, UserJson.WriteWithoutDefaults, request.Aborted);
    }

    private static async Task<IResult> GetUserAsync(ApiRequest request, UserInfoService users, ILogger<UserInfoService> logger)
    {
        var username = request.Parameters.PathUsername();
        request.ThrowIfInvalid();
        Require(request, users, username, logger);
        var user = await users.GetListedAsync(username, request.Aborted);
        return ApiJson.Write(writer => UserJson.WriteWithoutDefaults(writer, user));
    }

    private static async Task GetGroupsAsync(ApiRequest request, UserInfoService users, ILogger<UserInfoService> logger)
    {
        Require(request, users, username: null, logger);
        var all = await users.ListGroupsAsync(request.Aborted);
        using var parts = ApiJson.Begin(request.Context.Response);
        await UserJson.WriteWithoutDefaultsAsync(parts, all, request.Aborted);
        await parts.FinishAsync(request.Aborted);
    }

    /// <summary>Requires that a directory is configured, and then that the caller may read it.</summary>
    /// <param name="username">The user; null for all users, which the message of the contract writes as <c>None</c>.</param>
    private static void Require(ApiRequest request, UserInfoService users, string? username, ILogger logger)
    {
        if (!users.HasDirectory)
            throw PorthorError.NotConfigured("No external user information source configured").ToException();
        var caller = request.Caller;
        if (caller.Scopes.Contains(Scopes.AdminUserinfo) || caller.Username == username)
            return;
        var error = PorthorError.PermissionDenied($"Cannot get information for user {username ?? "None"}");
        Log.PermissionDenied(logger, error.Message);
        throw error.ToException();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Permission denied")]
        public static partial void PermissionDenied(ILogger logger, string error);
    }
}
