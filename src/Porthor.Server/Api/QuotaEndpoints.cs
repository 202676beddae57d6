using System.Text.Json;
using Porthor.Quotas;
using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Api;

/// <summary>The quotas that administrators set over the configured ones (contract/api.md 5.5).</summary>
internal static class QuotaEndpoints
{
    public static void MapQuotaOverrides(this IEndpointRouteBuilder api)
    {
        var write = Access.AnyToken.WithScope(Scopes.AdminToken).OrBootstrap();
        api.MapGet("/quota-overrides", GetAsync).WithMetadata(Access.AnyToken);
        api.MapPut("/quota-overrides", SetAsync).WithMetadata(write.WithBody());
        api.MapDelete("/quota-overrides", DeleteAsync).WithMetadata(write);
    }

    private static async Task<IResult> GetAsync(ApiRequest request, QuotaOverrides overrides)
    {
        var plan = await overrides.GetAsync(request.Aborted) ?? throw NoneSet();
        return ApiJson.Write(writer => QuotaJson.Write(writer, plan, withNulls: false));
    }

    private static async Task<IResult> SetAsync(ApiRequest request, QuotaOverrides overrides)
    {
        var plan = request.Body() is { } body ? QuotaBodies.ReadPlan(body) : null;
        request.ThrowIfInvalid();
        await overrides.SetAsync(plan!);
        return ApiJson.Write(writer => QuotaJson.Write(writer, plan!, withNulls: false));
    }

    private static async Task<IResult> DeleteAsync(ApiRequest request, QuotaOverrides overrides)
    {
        request.ThrowIfInvalid();
        return await overrides.DeleteAsync() ? Results.NoContent() : throw NoneSet();
    }

    private static ProblemException NoneSet() =>
        Problem.TypeFirst(StatusCodes.Status404NotFound, "not_found", "No quota overrides set").ToException();
}

/// <summary>Reads quotas from a body. Fields that nobody knows are errors here: they would be limits that nobody applies.</summary>
internal static class QuotaBodies
{
    public static QuotaPlan ReadPlan(JsonFields body)
    {
        body.Only("default", "groups", "bypass");
        return new QuotaPlan
        {
            Default = body.Object("default", ReadQuota) ?? Quota.Empty,
            Groups = body.Map("groups", (fields, name) => fields.Object(name, ReadQuota) ?? Quota.Empty),
            Bypass = ReadBypass(body),
        };
    }

    private static Quota ReadQuota(JsonFields fields)
    {
        fields.Only("api", "disk", "notebook", "tap");
        return new Quota
        {
            Api = fields.Map("api", ReadInteger),
            Disk = fields.Map("disk", ReadInteger),
            Notebook = fields.Find("notebook") is null or { ValueKind: JsonValueKind.Null } ? null : fields.Object("notebook", ReadNotebook),
            Tap = fields.Map("tap", (entries, name) => entries.Object(name, ReadTap) ?? new TapQuota(0)),
        };
    }

    private static NotebookQuota ReadNotebook(JsonFields fields)
    {
        fields.Only("cpu", "memory", "spawn");
        return new NotebookQuota(fields.RequiredNumber("cpu"), fields.RequiredNumber("memory"), fields.Flag("spawn", otherwise: true));
    }

    private static TapQuota ReadTap(JsonFields fields)
    {
        fields.Only("concurrent");
        return new TapQuota(fields.Required("concurrent") is { } value ? fields.Integer(value, fields.Where("concurrent")) : 0);
    }

    private static long ReadInteger(JsonFields entries, string name) => entries.Integer(entries.Find(name)!.Value, entries.Where(name));

    private static IReadOnlyList<string> ReadBypass(JsonFields body)
    {
        const string name = "bypass";
        switch (body.Find(name))
        {
            case null:
                return [];
            case { ValueKind: JsonValueKind.Array }:
                return body.Scopes(name)?.Names ?? [];
            case { } value:
                body.Errors.Add("set_type", body.Where(name), "Input should be a valid set", value);
                return [];
        }
    }
}
