using System.Globalization;
using System.Text;
using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Maps the route of the IVOA Group Membership Service, which returns the groups of a user (contract/userinfo.md 8).</summary>
internal static class GroupEndpoints
{
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(5);

    public static void MapGroupMembership(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Routes.GroupMembership, GetGroupsAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described("users", "getGroupMembership",
                "Get the groups of the caller",
                "Returns one group name per line. With the parameter `group`, returns only the given groups.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain").Refuses(401, 500, 503);

    private static async Task GetGroupsAsync(ApiRequest request, UserInfoService users, TimeProvider clock)
    {
        var user = await users.GetAsync(request.Caller.Record, request.Aborted);
        var names = user.Groups.Select(group => group.Name).Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance);
        var requested = new QueryParameters(request.Context.Request).All("group");
        var body = string.Concat(names.Where(name => requested is null || requested.Contains(name)).Select(name => $"{name}\r\n"));
        var response = request.Context.Response;
        response.Headers.Expires = (clock.GetUtcNow() + Validity).ToString("R", CultureInfo.InvariantCulture);
        if (body.Length == 0)
        {
            response.ContentLength = 0;
            return;
        }
        response.ContentType = "text/plain; charset=utf-8";
        await response.WriteAsync(body, Encoding.UTF8, request.Aborted);
    }
}
