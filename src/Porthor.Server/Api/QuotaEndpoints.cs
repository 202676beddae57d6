using Porthor.Quotas;
using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;

namespace Porthor.Server.Api;

/// <summary>
/// Maps the routes for quota overrides, which administrators set in addition to the configured quotas (contract/api.md 5.5).
/// </summary>
internal static class QuotaEndpoints
{
    public static void MapQuotaOverrides(this IEndpointRouteBuilder api)
    {
        var write = AccessPolicy.AnyToken.WithScope(Scopes.AdminToken).OrBootstrap();
        const string tag = "quotas";
        api.MapGet(ApiRoutes.QuotaOverrides, GetAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getQuotaOverrides", "Get the quota overrides", "Returns the quotas that override the configured ones.")
            .Answers<QuotaPlanModel>().Refuses(401, 404, 503);
        api.MapPut(ApiRoutes.QuotaOverrides, SetAsync)
            .WithMetadata(write.WithBody())
            .Described(
                tag, "setQuotaOverrides", "Set quota overrides",
                "Replaces all overrides. Unknown fields are errors, because a mistyped limit would have no effect.")
            .TakesBody<QuotaPlanModel>().Answers<QuotaPlanModel>().Refuses(401, 403, 422, 503);
        api.MapDelete(ApiRoutes.QuotaOverrides, DeleteAsync)
            .WithMetadata(write)
            .Described(tag, "deleteQuotaOverrides", "Remove quota overrides", "Removes all overrides. The configured quotas apply again.")
            .Produces(StatusCodes.Status204NoContent).Refuses(401, 403, 404, 503);
    }

    private static async Task<IResult> GetAsync(ApiRequest request, QuotaOverrides overrides)
    {
        var plan = await overrides.GetAsync(request.Aborted) ?? throw NoneSet();
        return ApiJson.Write(writer => QuotaJson.Write(writer, plan, QuotaFields.WithoutNulls));
    }

    private static async Task<IResult> SetAsync(ApiRequest request, QuotaOverrides overrides)
    {
        var plan = request.Body() is { } body ? QuotaBodies.ReadPlan(body) : null;
        request.ThrowIfInvalid();
        await overrides.SetAsync(plan!);
        return ApiJson.Write(writer => QuotaJson.Write(writer, plan!, QuotaFields.WithoutNulls));
    }

    private static async Task<IResult> DeleteAsync(ApiRequest request, QuotaOverrides overrides)
    {
        request.ThrowIfInvalid();
        return await overrides.DeleteAsync() ? Results.NoContent() : throw NoneSet();
    }

    private static ProblemException NoneSet() =>
        Problem.TypeFirst(StatusCodes.Status404NotFound, "not_found", "No quota overrides set").ToException();
}
